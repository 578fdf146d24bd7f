import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { compileValidator } from './validator-compiler.ts';

/** For routes whose body is no JSON: its schema is for the document alone, and the handler looks at what comes. */
export const exceptBody: FastifySchemaCompiler<TSchema> = (route) =>
  route.httpPart === 'body' ? () => true : compileValidator(route);
