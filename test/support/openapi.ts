import { Compile } from 'typebox/schema';

interface MediaType {
  readonly schema: object & { readonly format?: string };
}

interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

/** The operation of a request, where the document has it. */
export function operationOf(document: OpenApiDocument, method: string, url: string): Operation | undefined {
  const path = url.replace(/\?.*$/, '');
  const templates = Object.keys(document.paths).filter((template) => asPattern(template).test(path));
  const [exact = ''] = templates.sort((a, b) => a.split('{').length - b.split('{').length);
  return document.paths[exact]?.[method.toLowerCase()];
}

const asPattern = (template: string): RegExp => new RegExp(`^${template.replace(/\{[^}]*\}/g, '[^/]+')}$`);

const validators = new Map<object, ReturnType<typeof Compile>>();

/** @throws if the answer is not one of those that the document promises for this operation */
export function checkAnswer(document: OpenApiDocument, operation: Operation, answer: Answer): void {
  const refuse = (why: string): never => {
    throw new Error(`${operation.operationId} ${answer.status}: ${why}\n${answer.text.slice(0, 1_000)}`);
  };
  const response = operation.responses[answer.status] ?? refuse('this status is not in the document');
  const [mediaType, content] = Object.entries(response.content ?? {})[0] ?? [];
  if (!mediaType || !content) {
    if (answer.text !== '') refuse('a body where there is none');
    return;
  }
  if (content.schema.format === 'binary') return;
  if (answer.contentType?.split(';')[0] !== mediaType) refuse(`${answer.contentType} is not ${mediaType}`);
  const body: unknown = JSON.parse(answer.text);
  const validator = validators.get(content.schema) ?? Compile({ ...content.schema, components: document.components });
  validators.set(content.schema, validator);
  if (!validator.Check(body)) refuse(JSON.stringify(validator.Errors(body)[1]));
  const { code } = body as { code?: string };
  if (mediaType === 'application/problem+json' && !response.description.split(', ').includes(code ?? '')) {
    refuse(`${code} is not in the document`);
  }
}
