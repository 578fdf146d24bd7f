import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema, RouteOptions } from 'fastify';
import { ERROR_KINDS, type ErrorCode } from '../../domain/errors.ts';
import { Problem } from '../contract/shapes.ts';
import { withComponents } from '../schema-components.ts';
import { ERROR_STATUS } from './error-status.ts';
import { errorsOf } from './route-config.ts';
import { STATUS_CODES } from './status-codes.ts';

const TAGS = {
  auth: 'Accounts, sessions and tokens',
  users: 'Profiles',
  chats: 'Chats and what happened in them',
  members: 'Who is in a chat',
  messages: 'Sending, reading, editing, deleting',
  attachments: 'Files that go with messages',
  admin: 'What only the admins of the server may do',
  server: 'The server itself',
};

/** How @fastify/swagger makes the OpenAPI 3.1 document of the routes: their schemas are its only source. */
export function openApiOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Parley',
        version,
        description: 'A chat backend. Branch on the `code` of a problem, never on its text.',
      },
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          basic: {
            type: 'http',
            scheme: 'basic',
            description: 'Username or e-mail address and password, for scripts.',
          },
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({ schema: schema?.hide ? schema : documented(schema, route), url }),
    transformObject: (document) =>
      'openapiObject' in document ? withComponents(withOptionalBodies(document.openapiObject)) : {},
  };
}

/** What node itself refuses, on every route: a request line and headers of more than 16 KiB (RFC 6585 5). */
const HEADERS_TOO_LARGE = 431;

/** The route's schema with its security and with what it may refuse. */
function documented(schema: FastifySchema, { config = {} }: RouteOptions): FastifySchema {
  const refusals = Map.groupBy(errorsOf(config, schema), (code: ErrorCode) => ERROR_STATUS[ERROR_KINDS[code]]);
  refusals.set(HEADERS_TOO_LARGE, ['PAYLOAD_TOO_LARGE']);
  const response: Record<string, unknown> = {};
  for (const [status, codes] of refusals) {
    response[status] = { description: codes.join(', '), content: { 'application/problem+json': { schema: Problem } } };
  }
  for (const [status, answer] of Object.entries((schema.response ?? {}) as Record<string, Answer>)) {
    const content = { [mediaTypeOf(answer)]: { schema: answer } };
    response[status] = isEmpty(answer) ? answer : { description: STATUS_CODES[status], content };
  }
  return { ...schema, response, security: config.open ? [] : [{ accessToken: [] }, { basic: [] }] };
}

/** Bytes have a media type of their own; the document cannot say which. */
const mediaTypeOf = ({ format }: Answer): string => (format === 'binary' ? '*/*' : 'application/json');
const isEmpty = ({ type }: Answer): boolean => type === 'null';

interface Answer {
  readonly type?: string;
  readonly format?: string;
}

interface Operations {
  paths?: Record<string, object | undefined>;
}

interface Body {
  required?: boolean;
  readonly content: Readonly<Record<string, { readonly schema?: { readonly type?: unknown } }>>;
}

/** A body that may be null may as well be left out, which @fastify/swagger does not say. */
function withOptionalBodies<T extends Operations>(document: T): T {
  for (const operation of Object.values(document.paths ?? {}).flatMap((path) => Object.values(path ?? {}))) {
    const body: Body | undefined = operation.requestBody;
    if (!body) continue;
    body.required = !Object.values(body.content).some(({ schema }) => [schema?.type].flat().includes('null'));
  }
  return document;
}
