interface Document {
  components?: { schemas?: Record<string, unknown> };
}

/** The document with every titled schema written once, under its name, and referred to from everywhere else. */
export function withComponents<T extends Document>(document: T): T {
  const schemas: Record<string, unknown> = {};
  const lifted = liftTitled(document, schemas) as T;
  return { ...lifted, components: { ...lifted.components, schemas: { ...lifted.components?.schemas, ...schemas } } };
}

function liftTitled(node: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(node)) return node.map((item) => liftTitled(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) copy[key] = liftTitled(value, schemas);
  const isSchema = 'type' in copy || 'anyOf' in copy;
  return typeof copy.title === 'string' && isSchema ? referTo(copy, copy.title, schemas) : copy;
}

/** `[type, 'null']` is the same schema with null as an alternative. */
function referTo(schema: Record<string, unknown>, title: string, schemas: Record<string, unknown>): object {
  const name = title.replace(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase());
  const types = [schema.type].flat();
  const isNullable = types.includes('null');
  const component = isNullable ? { ...schema, type: types.find((type) => type !== 'null') } : schema;
  if (name in schemas && JSON.stringify(schemas[name]) !== JSON.stringify(component)) {
    throw new Error(`two different schemas are called ${name}`);
  }
  schemas[name] = component;
  const reference = { $ref: `#/components/schemas/${name}` };
  return isNullable ? { anyOf: [reference, { type: 'null' }] } : reference;
}
