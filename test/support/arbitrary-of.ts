import fc from 'fast-check';

/** The part of JSON Schema that the contract uses. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** What fits this schema, and more often than not is what there is: for a property by this name, one of these values. */
export function arbitraryOf(
  schema: Schema,
  known: Readonly<Record<string, readonly unknown[]>> = {},
): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((branch) => arbitraryOf(branch, known)));
  return fc.oneof(...[schema.type].flat().map((type) => ofType(type, schema, known)));
}

function ofType(
  type: string | undefined,
  schema: Schema,
  known: Readonly<Record<string, readonly unknown[]>>,
): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.string({
        unit: 'binary',
        minLength: schema.minLength ?? 0,
        maxLength: Math.min(schema.maxLength ?? 50, 50),
      });
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1_000, max: Math.min(schema.maximum ?? 1_000, 2 ** 31 - 1) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, known), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, 5),
      });
    case 'object':
      return schema.properties ? ofProperties(schema, known) : ofEntries(schema, known);
    default:
      throw new Error(`no values of ${JSON.stringify(schema)}`);
  }
}

function ofProperties(
  { properties = {}, required = [] }: Schema,
  known: Readonly<Record<string, readonly unknown[]>>,
): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const fitting = arbitraryOf(schema, known);
    const there = known[name];
    return [name, there ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...there) }, fitting) : fitting] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required], noNullPrototype: true });
}

function ofEntries(
  { patternProperties = {} }: Schema,
  known: Readonly<Record<string, readonly unknown[]>>,
): fc.Arbitrary<unknown> {
  const [values = {}] = Object.values(patternProperties);
  const names = fc.oneof(fc.constantFrom(...(known.chatId ?? ['x'])), fc.string({ minLength: 1, maxLength: 64 }));
  return fc.dictionary(names as fc.Arbitrary<string>, arbitraryOf(values, known), {
    maxKeys: 5,
    noNullPrototype: true,
  });
}
