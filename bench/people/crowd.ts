import { createHash } from 'node:crypto';
import type { Store } from '../../src/application/ports/persistence.ts';
import type { User } from '../../src/domain/user.ts';

const AT_ONCE = 5_000;
const START = Date.UTC(2020, 0, 1);

const GIVEN =
  'Anna Maria Olga Ivan Pierre Marie José Ahmed Fatima Wei Li Hiroshi Yuki Priya Ravi John Mary James Emma Noah Liam Zoë Björn Åsa Łukasz Ольга Иван Мария 陈伟 王芳 佐藤 鈴木 محمد Ελένη Νίκος';
const SYLLABLES =
  'ba be bo da de do fa ga gi ha ka ke ki la le lo ma mi mo na ne no pa ra re ri ro sa se si so ta te ti to va vi wa ya zo';

const givens = GIVEN.split(' ');
const syllables = SYLLABLES.split(' ');

/** Somebody; always the same for the same number. One in ten is private, one in four has no display name. */
export function somebody(number: number): User {
  const digest = createHash('sha1').update(String(number)).digest();
  const pick = <T>(list: readonly T[], at: number): T => list[digest.readUInt16LE(at) % list.length] as T;
  const surname = [0, 2, 4].map((at) => pick(syllables, at)).join('');
  const given = pick(givens, 6);
  const id = `${digest.toString('hex', 0, 4)}-${digest.toString('hex', 4, 16)}`;
  const createdAt = START + number * 100;
  return {
    id,
    username: `${surname}${number.toString(36)}`,
    email: `${number}@bench.example`,
    displayName: (digest[8] ?? 0) % 4 === 0 ? null : `${given} ${surname}`,
    ...{ bio: null, location: null, birthDate: null, isPrivate: (digest[9] ?? 0) % 10 === 0, publicFields: [] },
    ...{ showPresence: true, role: 'user', version: 1, createdAt, updatedAt: createdAt },
    ...{ suspendedAt: null, avatarId: null },
  };
}

/** Puts so many people into the store. */
export async function fill({ users }: Store, count: number): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => first + i);
    await Promise.all(numbers.map((number) => users.create(somebody(number), 'no password')));
  }
}
