import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Compile } from 'typebox/schema';
import { loadConfig } from '../../src/config.ts';
import { buildServer } from '../../src/interfaces/http/server.ts';
import { LIMITS } from '../../src/interfaces/limits.ts';
import { RateLimits } from '../../src/interfaces/rate-limits.ts';
import { SIGNING_KEY, TestApp } from '../support/app.ts';
import type { Operation } from '../support/openapi.ts';

let app: TestApp;
let operations: [string, string, Operation][];
beforeAll(async () => {
  app = await TestApp.start();
  operations = Object.entries(app.document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
  );
});
afterAll(() => app.stop());

describe('the OpenAPI document', () => {
  test('is one of version 3.1 with a server and a way to authenticate', () => {
    expect(app.document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Parley', version: '0.0.0' },
      servers: [{ url: '/' }],
      components: { securitySchemes: { accessToken: { type: 'http', scheme: 'bearer' } } },
    });
  });

  test('has every route of the server', async () => {
    const undocumented: string[] = [];
    const server = await buildServer({
      services: app.application.services,
      logger: pino({ level: 'silent' }),
      jwtSecret: SIGNING_KEY,
      version: '0.0.0',
      config: loadConfig({}, []),
      certificate: null,
      rateLimits: new RateLimits(null, LIMITS),
      polls: app.application.gateway.polls,
      readiness: async () => ({ ready: true, reasons: [] }),
      extend: async (extended) => {
        extended.addHook('onRoute', ({ method, url }) => {
          const path = url.replace(/:(\w+)/g, '{$1}');
          const isDocumented = app.document.paths[path]?.[String(method).toLowerCase()] !== undefined;
          if (method !== 'HEAD' && !path.startsWith('/docs') && !isDocumented) undocumented.push(`${method} ${url}`);
        });
        extended.get('/planted', async () => '');
      },
    });
    await server.close();
    expect(undocumented).toEqual(['GET /planted']);
  });

  test('says of each operation what it is, whom it wants and what it takes and gives', () => {
    expect(operations.length).toBeGreaterThan(30);
    for (const [path, , operation] of operations) {
      const { operationId, summary, tags, security, parameters = [], responses } = operation;
      expect({ operationId, summary, tags, security }).toEqual({
        ...{ operationId: expect.any(String), summary: expect.any(String) },
        ...{ tags: [expect.any(String)], security: expect.any(Array) },
      });
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(
        parameters
          .filter((parameter) => parameter.in === 'path')
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(inPath.toSorted());
      const statuses = Object.keys(responses);
      expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
      expect(statuses).toEqual(expect.arrayContaining(['500', '503', ...(security.length > 0 ? ['401'] : [])]));
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(description).not.toBe('');
        const mayBeEmpty = ['202', '204', '304'].includes(status);
        if (!mayBeEmpty || content) expect(Object.keys(content ?? {})).toHaveLength(1);
        if (status === '204' || status === '304') expect(content).toBeUndefined();
      }
    }
    expect(new Set(operations.map(([, , { operationId }]) => operationId)).size).toBe(operations.length);
  });

  test('names the main shapes, once each, and refers to nothing that is not there', () => {
    const { schemas } = app.document.components;
    const main = ['Chat', 'Change', 'Me', 'Member', 'Message', 'Problem', 'Session', 'SignedIn', 'User', 'UserRef'];
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(main));
    const references = JSON.stringify(app.document).match(/"#\/components\/schemas\/[^"]*"/g) ?? [];
    for (const reference of references) expect(schemas).toHaveProperty([JSON.parse(reference).split('/').at(-1)]);
    for (const name of main) expect(JSON.stringify(app.document).split(`"title":"${name}"`)).toHaveLength(2);
  });

  test('has schemas that a validator takes', () => {
    const { components } = app.document;
    const bodies = operations.flatMap(([, , { requestBody, responses }]) =>
      [requestBody, ...Object.values(responses)].flatMap((part) => Object.values(part?.content ?? {})),
    );
    for (const { schema } of bodies) expect(Compile({ ...schema, components }).Check(undefined)).toBe(false);
  });
});

test('the interactive page is there and loads nothing from elsewhere', async () => {
  const { status, body, headers } = await app.get('/docs/');
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['content-security-policy']).not.toMatch(/https?:|unsafe/);
  const parts = [...body.matchAll(/(?:src|href)="\.\/([^"]*)"/g)].map(([, path]) => path);
  expect(parts.length).toBeGreaterThan(3);
  for (const part of parts) expect((await app.get(`/docs/${part}`)).status).toBe(200);
  expect((await app.get('/docs/json')).body).toEqual(app.document);
});

test('the AsyncAPI document of the socket is beside it', async () => {
  const { status, body } = await app.get('/docs/asyncapi.json');
  expect([status, body.asyncapi, body.info.version]).toEqual([200, '3.0.0', '0.0.0']);
});
