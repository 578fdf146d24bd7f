import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import type { Problem } from '../domain/errors.ts';

/** TypeBox stops looking after so many; its default of 8 would hide what is wrong in a batch of messages. */
Settings.Set({ maxErrors: 100 });

const TYPE_NAMES: Record<string, string> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a JSON object',
  array: 'a list',
  null: 'null',
};

/** What TypeBox found, in words for the person who sent it, each problem once and at the field that it is about. */
export function schemaProblems([, errors]: readonly [boolean, readonly TLocalizedValidationError[]]): Problem[] {
  return errors.flatMap((error) => {
    const at = (message: string): Problem[] => [{ path: error.instancePath, message }];
    switch (error.keyword) {
      case 'required':
        return error.params.requiredProperties.map((name) => missing(error.instancePath, name));
      case 'boolean':
        return at('is not a known field'); // the schema `false` is what `additionalProperties` leaves for it
      case 'additionalProperties':
      case 'anyOf':
        return []; // each field or branch has its own error
      case 'type':
        return at(`must be ${[error.params.type].flat().map(typeName).join(' or ')}`);
      case 'enum':
        return at(`must be one of: ${error.params.allowedValues.join(', ')}`);
      case 'const':
        return at(`must be ${error.params.allowedValue}`);
      case 'minLength':
        return at(`must have at least ${error.params.limit} characters`);
      case 'maxLength':
        return at(`must have at most ${error.params.limit} characters`);
      case 'minItems':
        return at(`must have at least ${error.params.limit} items`);
      case 'maxItems':
        return at(`must have at most ${error.params.limit} items`);
      case 'minimum':
        return at(`must be at least ${error.params.limit}`);
      case 'maximum':
        return at(`must be at most ${error.params.limit}`);
      default:
        return at(error.message);
    }
  });
}

export const missing = (path: string, name: string): Problem => ({
  path: `${path}/${pointerToken(name)}`,
  message: 'is required',
});

const typeName = (type: string): string => TYPE_NAMES[type] ?? type;

/** RFC 6901 3. */
const pointerToken = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
