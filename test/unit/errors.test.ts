import { describe, expect, test } from '@jest/globals';
import { checkFields, DomainError, invalid, validationFailed } from '../../src/domain/errors.ts';

/** What this throws. */
function refusalOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const refuse = (reason: string) => () => {
  throw invalid(reason);
};

describe('DomainError', () => {
  test('knows its kind by its code', () => {
    expect(new DomainError('USERNAME_TAKEN', 'taken').kind).toBe('conflict');
    expect(new DomainError('BUSY', 'busy').kind).toBe('unavailable');
  });

  test('keeps when to try again, and for the log what happened underneath', () => {
    const cause = new Error('disk full');
    const error = new DomainError('UNAVAILABLE', 'The store cannot be written.', { retryAfterMs: 1000, cause });
    expect(error).toMatchObject({ name: 'DomainError', retryAfterMs: 1000, cause, problems: [] });
  });

  test('says nothing of a cause where there is none', () => {
    expect(new DomainError('BUSY', 'busy')).not.toHaveProperty('cause');
  });
});

describe('checkFields', () => {
  test('gives the values as the rules left them', () => {
    expect(checkFields({ name: () => 'ann', age: () => null })).toEqual({ name: 'ann', age: null });
  });

  test('refuses once, and names every wrong field', () => {
    const error = refusalOf(() =>
      checkFields({ name: refuse('must not be blank'), bio: () => 'fine', email: refuse('must be an address') }),
    );
    expect(error).toMatchObject({
      code: 'VALIDATION_FAILED',
      message: '/name: must not be blank',
      problems: [
        { path: '/name', message: 'must not be blank' },
        { path: '/email', message: 'must be an address' },
      ],
    });
  });

  test('names a field within a field by its whole path', () => {
    const inner = () => checkFields({ content: refuse('must not be blank') });
    expect(refusalOf(() => checkFields({ 'messages/3': inner }))).toMatchObject({
      problems: [{ path: '/messages/3/content', message: 'must not be blank' }],
    });
  });

  test.each([
    ['a bug', new TypeError('a bug')],
    ['another refusal', new DomainError('FORBIDDEN', 'no')],
  ])('lets %s through', (_, thrown) => {
    const rules = {
      name: refuse('must not be blank'),
      email: () => {
        throw thrown;
      },
    };
    expect(refusalOf(() => checkFields(rules))).toBe(thrown);
  });
});

describe('validationFailed', () => {
  test('of the input itself names no path', () => {
    expect(validationFailed([{ path: '', message: 'must be an object' }]).message).toBe('must be an object');
  });

  test('of nothing in particular still says what it is', () => {
    expect(validationFailed([]).message).toBe('not valid');
  });
});
