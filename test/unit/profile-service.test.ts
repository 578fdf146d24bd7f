import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProfilePatch } from '../../src/application/profile-service.ts';
import type { Actor } from '../../src/domain/session.ts';
import { anId } from '../support/builders.ts';
import { openUseCases, type UseCases } from '../support/use-cases.ts';

let app: UseCases;
let ann: Actor;

beforeEach(async () => {
  app = await openUseCases();
  ann = await app.newActor({ username: 'Ann', email: 'ann@example.org' });
});

afterEach(() => app.store.close());

const NOBODY: Actor = { userId: anId(), sessionId: anId() };
const ABSENT = { code: 'USER_NOT_FOUND' };

describe('looking at a profile', () => {
  test('shows everybody himself', async () => {
    expect(await app.profiles.me(ann)).toMatchObject({ id: ann.userId, username: 'Ann' });
    expect(await app.profiles.view(ann, ann.userId)).toMatchObject({ user: { username: 'Ann' }, viewer: 'self' });
  });

  test('says how well the two know each other', async () => {
    const bob = await app.newActor({ username: 'Bob' });
    expect(await app.profiles.view(ann, bob.userId)).toMatchObject({ user: { username: 'Bob' }, viewer: 'stranger' });
    await app.chats.createGroup(ann, { name: 'Choir', memberIds: [bob.userId] });
    expect(await app.profiles.view(ann, bob.userId)).toMatchObject({ viewer: 'acquaintance' });
  });

  test('makes a stranger of him again who has left the last chat that was shared', async () => {
    const bob = await app.newActor();
    const { chat } = await app.chats.createGroup(ann, { name: 'Choir', memberIds: [bob.userId] });
    await app.chats.removeMember(bob, chat.id, bob.userId);
    expect(await app.profiles.view(ann, bob.userId)).toMatchObject({ viewer: 'stranger' });
  });

  test('finds nobody where nobody is', async () => {
    await expect(app.profiles.me(NOBODY)).rejects.toMatchObject(ABSENT);
    await expect(app.profiles.view(ann, NOBODY.userId)).rejects.toMatchObject(ABSENT);
    await expect(app.profiles.update(NOBODY, { bio: 'I am' })).rejects.toMatchObject(ABSENT);
  });
});

describe('changing a profile', () => {
  const everything: Required<ProfilePatch> = {
    ...{ username: 'Anna', email: 'anna@example.org', displayName: 'Anna B.', bio: 'I sing.', location: 'Bern' },
    ...{ birthDate: '1990-05-05', isPrivate: true, publicFields: ['birthDate'], showPresence: false },
  };

  test('keeps each field that is named, and tells the bus', async () => {
    app.clock.advance(1000);
    const changed = await app.profiles.update(ann, everything);
    expect(changed).toMatchObject({ ...everything, version: 2, updatedAt: app.clock.now() });
    expect(await app.profiles.me(ann)).toEqual(changed);
    expect(app.events).toEqual([{ type: 'user.updated', userId: ann.userId, version: 2 }]);
  });

  test.each(Object.keys(everything) as (keyof ProfilePatch)[])(
    'leaves all but %s alone, if only that is named',
    async (field) => {
      const before = await app.profiles.me(ann);
      const changed = await app.profiles.update(ann, { [field]: everything[field] });
      expect(changed).toEqual({ ...before, [field]: everything[field], version: 2 });
    },
  );

  test('leaves alone all that it does not name, whatever that is', async () => {
    await app.profiles.update(ann, everything);
    expect(await app.profiles.update(ann, { bio: 'I hum.' })).toMatchObject({ ...everything, bio: 'I hum.' });
  });

  test('of an address is told to each that was left, and none that is only written otherwise', async () => {
    const bob = await app.newActor({ email: 'bob@example.org' });
    await app.profiles.update(ann, { email: 'anna@example.org' });
    await app.profiles.update(bob, { email: 'bobby@example.org' });
    await app.profiles.update(ann, { email: 'ANNA@example.org' });
    await app.mailDelivery.deliverDue();
    expect(app.sent.map(({ to }) => to).sort()).toEqual(['ann@example.org', 'bob@example.org']);
    expect(await app.store.mailQueue.claim(app.clock.now() + 60_000, 0, 10)).toEqual([]);
  });

  test('empties what is null or blank', async () => {
    await app.profiles.update(ann, everything);
    const emptied = await app.profiles.update(ann, { displayName: null, bio: ' ', location: null, birthDate: null });
    expect(emptied).toMatchObject({ displayName: null, bio: null, location: null, birthDate: null, username: 'Anna' });
  });

  test('names each published field once, in one order', async () => {
    const { publicFields } = await app.profiles.update(ann, { publicFields: ['email', 'birthDate', 'email'] });
    expect(publicFields).toEqual(['birthDate', 'email']);
  });

  test('to what it is already changes nothing, and nobody is told', async () => {
    const before = await app.profiles.me(ann);
    expect(await app.profiles.update(ann, {})).toEqual(before);
    expect(await app.profiles.update(ann, { username: ' Ann ', bio: undefined, publicFields: [] })).toEqual(before);
    expect(app.events).toEqual([]);
  });

  test('of two devices at once keeps both changes', async () => {
    await Promise.all([app.profiles.update(ann, { bio: 'I sing.' }), app.profiles.update(ann, { location: 'Bern' })]);
    expect(await app.profiles.me(ann)).toMatchObject({ bio: 'I sing.', location: 'Bern', version: 3 });
  });

  test('refuses once, and names everything that is wrong', async () => {
    const long = 'a'.repeat(501);
    const wrong = { username: 'a', email: 'a', displayName: long, bio: long, location: long, birthDate: 'tomorrow' };
    await expect(app.profiles.update(ann, { ...wrong, isPrivate: true })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      problems: Object.keys(wrong).map((field) => expect.objectContaining({ path: `/${field}` })),
    });
    expect(await app.profiles.me(ann)).toMatchObject({ isPrivate: false, version: 1 });
  });

  test('takes no birth date of tomorrow', async () => {
    const today = new Date(app.clock.now()).toISOString().slice(0, 10);
    app.clock.advance(-24 * 3_600_000);
    await expect(app.profiles.update(ann, { birthDate: today })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    app.clock.advance(24 * 3_600_000);
    await app.profiles.update(ann, { birthDate: today });
  });

  test.each([
    ['USERNAME_TAKEN', { username: 'BOB' }],
    ['EMAIL_TAKEN', { email: 'BOB@example.org' }],
  ])('refuses what somebody else has: %s', async (code, patch) => {
    await app.newActor({ username: 'Bob', email: 'bob@example.org' });
    await expect(app.profiles.update(ann, patch)).rejects.toMatchObject({ code });
    expect(await app.profiles.me(ann)).toMatchObject({ username: 'Ann', email: 'ann@example.org', version: 1 });
    expect(app.events).toEqual([]);
  });

  test('lets everybody write his own name in another case', async () => {
    expect(await app.profiles.update(ann, { username: 'ANN' })).toMatchObject({ username: 'ANN' });
  });
});
