import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile, Errors } from 'typebox/schema';
import { type Problem, validationFailed } from '../../domain/errors.ts';
import { missing, schemaProblems } from '../schema-problems.ts';

/** The part of JSON Schema that is looked at here. */
interface Shape {
  readonly type?: unknown;
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
}

/**
 * Checks the parts of a request against their schemas and refuses with everything that is wrong. Nothing is coerced, stripped
 * or filled in, but for the whole numbers of a query, which are text on the wire.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  const integers = httpPart === 'querystring' ? integersOf(schema) : [];
  return (value: Record<string, unknown>) => {
    for (const name of integers) if (name in value) value[name] = readInteger(value[name]);
    if (validator.Check(value)) return { value };
    return { error: validationFailed(problemsOf(schema, value)) };
  };
};

function integersOf({ properties = {} }: Shape): string[] {
  return Object.keys(properties).filter((name) => properties[name]?.type === 'integer');
}

const readInteger = (text: unknown): unknown =>
  typeof text === 'string' && /^-?\d{1,16}$/.test(text) ? Number(text) : text;

/** Of alternatives, what is wrong is told for the one that was meant. */
function problemsOf(schema: TSchema & Shape, value: unknown): Problem[] {
  const [first, ...others] = schema.anyOf ?? [];
  if (!first) return schemaProblems(Errors(schema, value));
  if (!isRecord(value)) return problemsOf(first, value);
  const branches = [first, ...others];
  const tag = tagOf(branches);
  if (tag === null) return problemsOf(mostAlike(branches, value), value);
  if (!Object.hasOwn(value, tag)) return [missing('', tag)];
  const tags = branches.map((branch) => branch.properties?.[tag]?.const);
  const meant = branches[tags.indexOf(value[tag])];
  if (meant) return problemsOf(meant, value);
  return [{ path: `/${tag}`, message: `must be one of: ${tags.join(', ')}` }];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The field whose value tells the alternatives apart, if there is one. */
function tagOf([first, ...others]: readonly Shape[]): string | null {
  const isTag = (name: string) => others.every((branch) => branch.properties?.[name]?.const !== undefined);
  const names = Object.entries(first?.properties ?? {}).filter(([, property]) => property.const !== undefined);
  return names.map(([name]) => name).find(isTag) ?? null;
}

/** The alternative that knows most of these fields; the first of those that know as many. */
function mostAlike(branches: readonly Shape[], fields: Record<string, unknown>): Shape {
  const known = (branch: Shape) => Object.keys(branch.properties ?? {}).filter((n) => Object.hasOwn(fields, n)).length;
  return branches.reduce((best, branch) => (known(branch) > known(best) ? branch : best));
}
