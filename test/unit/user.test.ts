import { describe, expect, test } from '@jest/globals';
import {
  checkBio,
  checkBirthDate,
  checkDisplayName,
  checkEmail,
  checkLocation,
  checkPassword,
  checkUsername,
  isOwnName,
  isPlainRow,
  loginKey,
  seenBy,
} from '../../src/domain/user.ts';
import { aUser, NOON } from '../support/builders.ts';

describe('a username', () => {
  test.each([
    ['letters', 'Anna'],
    ['digits and signs', 'a.n-n_a+1!'],
    ['any script', '安娜李'],
    ['letters with combining marks', 'Jose\u0301'],
    ['letters of one case only', 'ĳßẞİı'],
    ['emoji', '👍🏽😀🚀'],
    ['flags', '🇨🇭🇳🇱'],
    ['25 letters of two units each', '𝕏'.repeat(25)],
  ])('may be of %s', (_, name) => {
    expect(checkUsername(name)).toBe(name);
  });

  test('is trimmed, and else kept as it was written', () => {
    expect(checkUsername('  Ａnna\n')).toBe('Ａnna');
  });

  test.each([
    ['shorter than 3', 'an', 'at least 3'],
    ['shorter than 3 without the blanks around it', ' an ', 'at least 3'],
    ['of two characters, though of four units', '😀😀', 'at least 3'],
    ['longer than 25', 'a'.repeat(26), 'at most 25'],
    ['with an @', 'ann@home', 'must not contain @ or /'],
    ['with a slash', 'ann/bob', 'must not contain @ or /'],
    ['with what is an @ to the key', 'ann＠home', 'must not contain @ or /'],
    ['with what is a small @ to the key', 'ann﹫home', 'must not contain @ or /'],
    ['with what holds a slash to the key', 'ann℅bob', 'must not contain @ or /'],
    ['with a blank', 'ann bob', 'must not contain blanks'],
    ['with a line end', 'ann\nbob', 'must not contain blanks'],
    ['with an ideographic space', 'ann\u3000bob', 'must not contain blanks'],
    ['with a line separator', 'ann\u2028bob', 'must not contain blanks'],
    ['with a control', 'ann\u0007', 'must not contain invisible characters'],
    ['with a zero-width space', 'an\u200Bna', 'must not contain invisible characters'],
    ['with a zero-width joiner, as in a family', '👩‍👩‍👧‍👦', 'must not contain invisible characters'],
    ['with a mark that turns the direction', '\u202Eanna', 'must not contain invisible characters'],
    ['with a soft hyphen', 'an\u00ADna', 'must not contain invisible characters'],
    ['of private use', 'ann\uE000', 'must not contain invisible characters'],
    ['of nothing but Hangul fillers', '\u3164\u3164\u3164', 'must not contain invisible characters'],
    ['with a variation selector', 'ann❤\uFE0F', 'must not contain invisible characters'],
    ['with a combining grapheme joiner', 'an\u034Fna', 'must not contain invisible characters'],
    ['with NUL', 'an\0na', 'must not contain NUL'],
    ['with a lone surrogate', 'ann\uD83D', 'must not contain a lone surrogate'],
    ['whose key would be a sentence', 'ﷺ'.repeat(25), 'must not contain compatibility ligatures'],
  ])('may not be %s', (_, name, reason) => {
    expect(() => checkUsername(name)).toThrow(reason);
  });
});

describe('a login', () => {
  test('is known in any case and form', () => {
    expect(loginKey('ＪＯＳE\u0301')).toBe(loginKey('josé'));
  });
});

describe('an e-mail address', () => {
  test.each([
    ['plain', 'ann@example.org'],
    ['with a tag', 'ann.b+chat@example.org'],
    ['with every sign of an atom', "!#$%&'*+/=?^_`{|}~-@example.org"],
    ['of another script', '用户@例子.中国'],
    ['with combining marks', 'jose\u0301@exa\u0301mple.org'],
    ['with hyphens', 'ann-b@my-host.example-site.org'],
    ['with a local part of 64 and labels of 63 characters', `${'a'.repeat(64)}@${'b'.repeat(63)}.org`],
  ])('may be %s', (_, address) => {
    expect(checkEmail(address)).toBe(address);
  });

  test('is trimmed', () => {
    expect(checkEmail(' ann@example.org\n')).toBe('ann@example.org');
  });

  test.each([
    ['without an @', 'ann.example.org'],
    ['with two', 'ann@home@example.org'],
    ['with a full-width @', 'ann＠example.org'],
    ['without a local part', '@example.org'],
    ['without a host', 'ann@'],
    ['with one label', 'ann@localhost'],
    ['with an empty label', 'ann@example..org'],
    ['with a dot at the end', 'ann@example.org.'],
    ['with a label that begins with a hyphen', 'ann@-example.org'],
    ['with a label that ends with a hyphen', 'ann@example-.org'],
    ['with a label of 64 characters', `ann@${'b'.repeat(64)}.org`],
    ['with a local part of 65 characters', `${'a'.repeat(65)}@example.org`],
    ['with two dots in a row', 'ann..b@example.org'],
    ['with a dot at the beginning', '.ann@example.org'],
    ['with a blank', 'ann b@example.org'],
    ['with a quoted part', '"ann b"@example.org'],
    ['with a name', 'Ann <ann@example.org>'],
    ['with an address literal', 'ann@[127.0.0.1]'],
    ['with a zero-width space', 'an\u200Bn@example.org'],
    ['with a filler, which is a letter', 'an\u115Fn@example.org'],
    ['with a joiner, which is a mark', 'an\u034Fn@example.org'],
    ['of two lines', 'ann@example.org\nbob@example.org'],
  ])('may not be one %s', (_, address) => {
    expect(() => checkEmail(address)).toThrow('must be an e-mail address');
  });

  test('has at most 254 characters', () => {
    const [local, host] = ['a'.repeat(64), `${'b'.repeat(63)}.${'c'.repeat(63)}`];
    const longest = `${local}@${host}.${'d'.repeat(61)}`;
    expect(longest).toHaveLength(254);
    expect(checkEmail(longest)).toBe(longest);
    expect(() => checkEmail(`${longest}d`)).toThrow('must have at most 254 characters');
  });

  test.each(['an\0n@example.org', 'an\uD83Dn@example.org'])('is storable text (%j is not)', (address) => {
    expect(() => checkEmail(address)).toThrow(/NUL|surrogate/);
  });
});

describe('a password', () => {
  test.each([
    ['8 characters', '12345678'],
    ['8 emoji', '😀'.repeat(8)],
    ['128 characters of two units each', '𝕏'.repeat(128)],
    ['blanks alone, and not trimmed', ' '.repeat(8)],
    ['controls and zero-width characters', '\u0007\u200B'.repeat(4)],
  ])('may be %s', (_, password) => {
    expect(checkPassword(password)).toBe(password);
  });

  test.each([
    ['shorter than 8', '1234567', 'at least 8'],
    ['of seven characters, though of fourteen units', '😀'.repeat(7), 'at least 8'],
    ['longer than 128', 'a'.repeat(129), 'at most 128'],
    ['with NUL', '12345678\0', 'NUL'],
    ['with a lone surrogate', '12345678\uDE00', 'surrogate'],
  ])('may not be %s', (_, password, reason) => {
    expect(() => checkPassword(password)).toThrow(reason);
  });
});

test('the name and the address are no password of their owner, in whatever case', () => {
  const owner = { username: 'Ann-Example', email: 'Ann@Example.org' };
  for (const own of ['ann-example', 'ANN-EXAMPLE', 'ann@example.ORG']) expect(isOwnName(own, owner)).toBe(true);
  for (const other of ['ann-example1', 'example', '']) expect(isOwnName(other, owner)).toBe(false);
});

test.each(['aaaaaaaa', 'AaAaAaAa', '😀'.repeat(8), 'abcabcabc', '12341234', '12312312', 'ABCDefgh', '87654321'])(
  '%s is a plain row',
  (password) => {
    expect(isPlainRow(password)).toBe(true);
  },
);

test.each(['aaaaaaab', 'abcabcabd', '12345679', '1234512345', 'abcdefgz', 'correct horse battery'])(
  '%s is no plain row',
  (password) => {
    expect(isPlainRow(password)).toBe(false);
  },
);

describe('a birth date', () => {
  test.each([[null], ['1900-01-01'], ['1972-02-29'], ['2000-02-29'], ['2026-01-15']])('may be %s', (date) => {
    expect(checkBirthDate(date, NOON)).toBe(date);
  });

  test.each([
    '1973-02-29',
    '2001-04-31',
    '+2001-04-30',
    'on 2001-04-30',
    '2000-00-10',
    '2000-13-01',
    '2000-1-1',
    '15.01.2000',
    '2000-01-01T00:00',
    '',
  ])('may not be %j, which is no date', (date) => {
    expect(() => checkBirthDate(date, NOON)).toThrow('must be a date, YYYY-MM-DD');
  });

  test.each(['1899-12-31', '0001-01-01', '2026-01-16', '9999-12-31'])('may not be %s', (date) => {
    expect(() => checkBirthDate(date, NOON)).toThrow('must be between 1900 and today');
  });
});

describe('what a person says of himself', () => {
  test.each([
    ['display name', checkDisplayName, 50],
    ['bio', checkBio, 500],
    ['location', checkLocation, 100],
  ])('his %s may be blank, and has a bound', (_, check, max) => {
    expect(check(null)).toBeNull();
    expect(check('  ')).toBeNull();
    expect(check(` ${'𝕏'.repeat(max)} `)).toBe('𝕏'.repeat(max));
    expect(() => check('a'.repeat(max + 1))).toThrow(`at most ${max}`);
  });
});

describe('seenBy', () => {
  const ann = aUser({ displayName: 'Ann', bio: 'I sing.', location: 'Bern', birthDate: '1990-05-05' });
  const hidden = { email: null, birthDate: null };

  test('everybody sees all of himself', () => {
    expect(seenBy({ ...ann, isPrivate: true }, 'self')).toEqual({ ...ann, isPrivate: true });
  });

  test.each(['acquaintance', 'stranger'] as const)('to an %s, address and birth date are hidden', (viewer) => {
    expect(seenBy(ann, viewer)).toEqual({ ...ann, ...hidden });
  });

  test.each(['acquaintance', 'stranger'] as const)('to an %s, what was published is not', (viewer) => {
    const publicFields = ['email'] as const;
    expect(seenBy({ ...ann, publicFields }, viewer)).toEqual({ ...ann, publicFields, birthDate: null });
    const both = { ...ann, publicFields: ['birthDate', 'email'] as const };
    expect(seenBy(both, viewer)).toEqual(both);
  });

  test('of a private person a stranger sees no more than username, bio and that he is private', () => {
    const secret = { ...ann, isPrivate: true, publicFields: ['email', 'birthDate'] as const };
    expect(seenBy(secret, 'stranger')).toEqual({ ...secret, ...hidden, displayName: null, location: null });
  });

  test('of a private person an acquaintance sees as much as of any other', () => {
    const secret = { ...ann, isPrivate: true, publicFields: ['email'] as const };
    expect(seenBy(secret, 'acquaintance')).toEqual({ ...secret, birthDate: null });
  });
});
