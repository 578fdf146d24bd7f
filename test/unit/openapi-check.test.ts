import { expect, test } from '@jest/globals';
import { checkAnswer, type OpenApiDocument, operationOf } from '../support/openapi.ts';

const problem = { description: 'CHAT_NOT_FOUND, FORBIDDEN', content: { 'application/problem+json': { schema: {} } } };
const thing = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'], additionalProperties: false };
const content = { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } };
const get = {
  ...{ operationId: 'getThing', summary: '', tags: [], security: [] },
  responses: { 200: { description: 'OK', content }, 204: { description: 'Done.' }, 404: problem },
};
const document: OpenApiDocument = {
  openapi: '3.1.0',
  paths: { '/things/{id}': { get }, '/things/mine': { get: { ...get, operationId: 'getMine' } } },
  components: { schemas: { Thing: thing } },
};

const check = (status: number, contentType: string, body: unknown) => () =>
  checkAnswer(document, get, { status, contentType, text: body === undefined ? '' : JSON.stringify(body) });

test('an answer that the document promises passes', () => {
  expect(check(200, 'application/json; charset=utf-8', { id: 'a' })).not.toThrow();
  expect(check(204, '', undefined)).not.toThrow();
  expect(check(404, 'application/problem+json', { code: 'FORBIDDEN' })).not.toThrow();
});

test.each([
  ['another status', check(201, 'application/json', { id: 'a' })],
  ['another media type', check(200, 'text/html', { id: 'a' })],
  ['a field of another type', check(200, 'application/json', { id: 1 })],
  ['a field too few', check(200, 'application/json', {})],
  ['a field too many', check(200, 'application/json', { id: 'a', passwordHash: 'x' })],
  ['a body where there is none', check(204, 'application/json', {})],
  ['a code that is not named', check(404, 'application/problem+json', { code: 'INTERNAL' })],
])('%s does not', (_what, run) => {
  expect(run).toThrow('getThing');
});

test('the operation of a request is the most exact one', () => {
  expect(operationOf(document, 'GET', '/things/1?x=/things/mine')?.operationId).toBe('getThing');
  expect(operationOf(document, 'GET', '/things/mine')?.operationId).toBe('getMine');
  expect(operationOf(document, 'POST', '/things/1')).toBeUndefined();
  expect(operationOf(document, 'GET', '/things/1/2')).toBeUndefined();
});
