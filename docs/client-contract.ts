import { ERROR_KINDS } from '../src/domain/errors.ts';
import * as answers from '../src/interfaces/contract/answers.ts';
import * as frames from '../src/interfaces/contract/frames.ts';
import * as requests from '../src/interfaces/contract/requests.ts';
import * as shapes from '../src/interfaces/contract/shapes.ts';

/** What the contract's schemas use of JSON Schema. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly format?: string;
}

/** The text of client/src/contract.ts: what goes over the wire, as TypeScript types, made from the contract's schemas. */
export function clientContract(): string {
  const declarations = new Declarations();
  for (const [name, schema] of Object.entries({ ...shapes, ...answers, ...requests })) {
    if (isSchema(schema) && !NOT_SPOKEN.test(name)) declarations.add(name, schema);
  }
  const live = Object.entries(frames.liveFrames).map(([type, schema]) => declarations.frame(type, schema));
  declarations.frame('ready', frames.ReadyFrame);
  declarations.frame('error', frames.ErrorFrame);
  for (const sync of [frames.SyncBody, frames.SyncResult]) declarations.reference(sync as Schema);
  return [
    '// Made by `npm run docs` from the contract of the server. Do not edit.\n',
    ...declarations.texts(),
    `/** What comes over the socket besides changes. */\nexport type LiveFrame =${live.map((name) => `\n  | ${name}`).join('')};\n`,
    `/** Why the server refuses. */\nexport type ErrorCode =${Object.keys(ERROR_KINDS)
      .map((code) => `\n  | '${code}'`)
      .join('')};\n`,
    `/** Why the server ends a connection. */\nexport const CLOSE = ${JSON.stringify(frames.CLOSE, null, 2).replaceAll('"', '')} as const;\n`,
  ].join('\n');
}

/** Parts of an address, and a form that is not JSON. */
const NOT_SPOKEN = /Params$|^(NoQuery|UploadBody)$/;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && ('properties' in value || 'anyOf' in value);

/** Every titled object once, under its title; unions and queries under the name that the contract exports them by. */
class Declarations {
  readonly #byName = new Map<string, string>();

  texts(): string[] {
    return [...this.#byName.values()];
  }

  add(name: string, schema: Schema): void {
    if (schema.title !== undefined) this.reference(schema);
    else this.#declare(name, schema);
  }

  frame(type: string, schema: object): string {
    const { title: _, ...untitled } = schema as Schema;
    return this.#declare(`${pascalCase(type)}Frame`, untitled);
  }

  /** How a schema is written where it is used. */
  reference(schema: Schema): string {
    const types = [schema.type ?? []].flat();
    if (types.includes('null')) {
      return `${this.reference({ ...schema, type: types.filter((type) => type !== 'null') })} | null`;
    }
    if (schema.title !== undefined) return this.#declare(nameOf(schema.title), schema);
    if (schema.anyOf) return schema.anyOf.map((option) => this.reference(option)).join(' | ');
    if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
    if (schema.const !== undefined) return JSON.stringify(schema.const).replaceAll('"', "'");
    if (schema.items) return this.#array(this.reference(schema.items));
    const [values] = Object.values(schema.patternProperties ?? {});
    if (values) return `Readonly<Record<string, ${this.reference(values)}>>`;
    if (schema.properties) return `{ ${this.#fields(schema).join(' ')} }`;
    return types[0] === 'integer' ? 'number' : (types[0] ?? 'unknown');
  }

  #array(item: string): string {
    return `readonly ${item.includes('|') ? `(${item})` : item}[]`;
  }

  #declare(name: string, schema: Schema): string {
    if (!this.#byName.has(name)) this.#byName.set(name, ''); // in its place before what it refers to
    const { title: _, description, ...rest } = schema;
    const doc = description === undefined ? '' : `/** ${description} */\n`;
    const text = rest.anyOf
      ? `${doc}export type ${name} =${rest.anyOf.map((option) => `\n  | ${this.reference(option)}`).join('')};\n`
      : `${doc}export interface ${name} {${this.#fields(rest)
          .map((field) => `\n  ${field}`)
          .join('')}\n}\n`;
    const known = this.#byName.get(name);
    if (known && known !== text) throw new Error(`two different schemas are called ${name}`);
    this.#byName.set(name, text);
    return name;
  }

  #fields({ properties = {}, required = [] }: Schema): string[] {
    return Object.entries(properties).map(([name, schema]) => {
      const key = /^\w+$/.test(name) ? name : `'${name}'`;
      const doc =
        schema.description === undefined || schema.title !== undefined ? '' : `/** ${schema.description} */\n  `;
      return `${doc}readonly ${key}${required.includes(name) ? '' : '?'}: ${this.reference(schema)};`;
    });
  }
}

/** A frame may be called as its data are, so its name tells that it is one. */
const nameOf = (title: string): string => `${pascalCase(title)}${title in frames.liveFrames ? 'Frame' : ''}`;

const pascalCase = (title: string): string =>
  title.replace(/(?:^|[^A-Za-z0-9]+)(\w)/g, (_, letter: string) => letter.toUpperCase());
