import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Grant } from '../../src/application/auth-service.ts';
import type { Actor } from '../../src/domain/session.ts';
import type { User } from '../../src/domain/user.ts';
import { anId, aSession } from '../support/builders.ts';
import { openUseCases, type UseCases } from '../support/use-cases.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let app: UseCases;

beforeEach(async () => {
  app = await openUseCases();
});

afterEach(() => app.store.close());

const ANN = { username: 'Ann', email: 'Ann@Example.org', password: 'correct horse' };

const actorOf = ({ user, session }: Grant): Actor => ({ userId: user.id, sessionId: session.id });

const ended = () => app.events.flatMap((event) => (event.type === 'sessions.ended' ? [event.sessionIds] : []));

describe('register', () => {
  test('makes an account and signs it in', async () => {
    const now = app.clock.now();
    const grant = await app.auth.register({ ...ANN, displayName: ' Ann B. ', device: 'phone' });
    expect(grant.user).toMatchObject({
      ...{ username: 'Ann', email: 'Ann@Example.org', displayName: 'Ann B.', role: 'user', version: 1 },
      ...{ isPrivate: false, publicFields: [], createdAt: now, updatedAt: now },
    });
    expect(grant.session).toMatchObject({ userId: grant.user.id, device: 'phone', expiresAt: now + 30 * DAY });
    expect(grant.accessExpiresAt).toBe(now + 10 * MINUTE);
    expect(await app.store.users.find(grant.user.id)).toEqual(grant.user);
    expect(await app.auth.authenticate(actorOf(grant))).toEqual(grant.session);
  });

  test('leaves display name and device open', async () => {
    const { user, session } = await app.auth.register(ANN);
    expect([user.displayName, session.device]).toEqual([null, null]);
  });

  test('refuses once, and names everything that is wrong', async () => {
    const input = { username: 'a', email: 'a', password: 'a', displayName: 'a'.repeat(51), device: 'a'.repeat(101) };
    const paths = ['/username', '/email', '/password', '/displayName', '/device'];
    await expect(app.auth.register(input)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      problems: paths.map((path) => expect.objectContaining({ path })),
    });
  });

  test.each([
    ['name', 'USERNAME_TAKEN', { username: 'ａNN' }],
    ['address', 'EMAIL_TAKEN', { email: 'ann@example.ORG' }],
  ])('refuses a %s that somebody has in another case or form', async (_, code, same) => {
    await app.auth.register({ ...ANN });
    const other = { ...ANN, username: 'Bob', email: 'bob@example.org', ...same };
    await expect(app.auth.register(other)).rejects.toMatchObject({ code });
    await expect(app.auth.login({ login: 'Bob', password: ANN.password })).rejects.toMatchObject({
      code: 'BAD_CREDENTIALS',
    });
  });
});

describe('login', () => {
  beforeEach(() => app.auth.register(ANN));

  test.each(['Ann', 'ANN', ' ann ', 'ａｎｎ', 'Ann@Example.org', 'ANN@EXAMPLE.ORG'])('as %j', async (login) => {
    const { user } = await app.auth.login({ login, password: ANN.password });
    expect(user.username).toBe('Ann');
  });

  test('makes a session of its own each time', async () => {
    const grants = [1, 2].map(() => app.auth.login({ login: 'Ann', password: ANN.password, device: ' phone ' }));
    const [one, other] = await Promise.all(grants);
    expect(one?.session.id).not.toBe(other?.session.id);
    expect(one?.session.device).toBe('phone');
  });

  test('says nothing of whether it was the login or the password, and takes as long', async () => {
    const wrongPassword = app.auth.login({ login: 'Ann', password: 'wrong horse' }).catch((error) => error);
    const wrongLogin = app.auth.login({ login: 'Anna', password: ANN.password }).catch((error) => error);
    expect(await wrongPassword).toMatchObject({ code: 'BAD_CREDENTIALS' });
    expect((await wrongLogin).toString()).toBe((await wrongPassword).toString());
    expect([app.hasher.verified, app.hasher.pretended]).toEqual([1, 1]);
  });

  test('checks the device before it looks anybody up', async () => {
    const device = 'a'.repeat(101);
    await expect(app.auth.login({ login: 'Ann', password: 'wrong', device })).rejects.toMatchObject({
      problems: [{ path: '/device', message: 'must have at most 100 characters' }],
    });
  });

  const hashOfAnn = async () => (await app.store.users.findByLogin('ann'))?.passwordHash;

  test('renews a hash that was made with other parameters', async () => {
    app.hasher.generation = 2;
    await app.auth.login({ login: 'Ann', password: ANN.password });
    expect(await hashOfAnn()).toBe(`2:${ANN.password}`);
  });

  test('renews no hash for a wrong password', async () => {
    app.hasher.generation = 2;
    await app.auth.login({ login: 'Ann', password: 'wrong horse' }).catch(() => undefined);
    expect(await hashOfAnn()).toBe(`1:${ANN.password}`);
  });
});

describe('what changes while the password is checked', () => {
  test.each<[string, string, (user: User) => Promise<unknown>]>([
    ['another password', 'BAD_CREDENTIALS', ({ id }) => app.store.users.setPasswordHash(id, null, '1:another')],
    [
      'a suspension',
      'ACCOUNT_SUSPENDED',
      (user) => app.store.users.update({ ...user, suspendedAt: app.clock.now(), version: 2 }),
    ],
    [
      'the end of the account',
      'BAD_CREDENTIALS',
      ({ id: userId }) => app.store.deletions.begin({ userId, messages: 'keep', at: app.clock.now() }),
    ],
  ])('counts: %s leaves no session behind', async (_, code, change) => {
    const { user, session } = await app.auth.register(ANN);
    const verify = app.hasher.verify.bind(app.hasher);
    app.hasher.verify = async (hash, password) => {
      const isRight = await verify(hash, password);
      await change(user);
      return isRight;
    };
    await expect(app.auth.login({ login: 'Ann', password: ANN.password })).rejects.toMatchObject({ code });
    expect((await app.store.sessions.list(user.id, app.clock.now())).filter(({ id }) => id !== session.id)).toEqual([]);
  });
});

describe('the session of scripts, which send the password each time', () => {
  const open = () => app.auth.openBasicSession({ login: 'ann', password: ANN.password });

  test('is one for an hour, and lasts another for what is under way', async () => {
    await app.auth.register(ANN);
    const first = await open();
    app.clock.advance(60 * MINUTE - 1);
    expect(await open()).toEqual(first);
    app.clock.advance(1);
    const second = await open();
    expect(second.userId).toBe(first.userId);
    expect(second.sessionId).not.toBe(first.sessionId);
    app.clock.advance(60 * MINUTE - 1);
    await app.auth.authenticate(first);
    app.clock.advance(1);
    await expect(app.auth.authenticate(first)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });

  test('is none of a device’s', async () => {
    const { session } = await app.auth.register({ ...ANN, device: 'phone' });
    expect((await open()).sessionId).not.toBe(session.id);
  });
});

describe('refresh', () => {
  let first: Grant;

  beforeEach(async () => {
    first = await app.auth.register(ANN);
  });

  const refused = (token: string) =>
    expect(app.auth.refresh(token)).rejects.toMatchObject({ code: 'TOKEN_INVALID', kind: 'unauthenticated' });

  test('gives the same session a new pair, and 30 more days', async () => {
    app.clock.advance(DAY);
    const next = await app.auth.refresh(first.refreshToken);
    const now = app.clock.now();
    expect(next.user).toEqual(first.user);
    expect(next.session).toEqual({ ...first.session, lastUsedAt: now, expiresAt: now + 30 * DAY });
    expect(next.accessExpiresAt).toBe(now + 10 * MINUTE);
    expect(next.refreshToken).not.toBe(first.refreshToken);
    await app.auth.refresh(next.refreshToken);
  });

  test('again within 30 s, as by whom the answer did not reach, gives the same', async () => {
    const next = await app.auth.refresh(first.refreshToken);
    app.clock.advance(30_000);
    const again = await app.auth.refresh(first.refreshToken);
    expect(again.refreshToken).toBe(next.refreshToken);
    expect(again.session).toEqual(next.session);
    app.clock.advance(1);
    await refused(first.refreshToken);
    expect(ended()).toEqual([[first.session.id]]);
  });

  test('again after the successor was used ends the session, however soon', async () => {
    const next = await app.auth.refresh(first.refreshToken);
    const third = await app.auth.refresh(next.refreshToken);
    await refused(first.refreshToken);
    expect(ended()).toEqual([[first.session.id]]);
    await refused(third.refreshToken);
  });

  test('with a used token ends the session, and the newest token with it', async () => {
    const next = await app.auth.refresh(first.refreshToken);
    app.clock.advance(MINUTE);
    expect(ended()).toEqual([]);
    await refused(first.refreshToken);
    expect(ended()).toEqual([[first.session.id]]);
    await refused(next.refreshToken);
    await expect(app.auth.authenticate(actorOf(first))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    expect(ended()).toHaveLength(1);
  });

  test('twice at once with one token, as by two tabs, gives both the same', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => app.auth.refresh(first.refreshToken)));
    expect(other?.refreshToken).toBe(one?.refreshToken);
    expect(ended()).toEqual([]);
  });

  test('after 30 days without use comes too late', async () => {
    app.clock.advance(30 * DAY);
    await refused(first.refreshToken);
  });

  test('after the session has ended is refused', async () => {
    await app.auth.logout(actorOf(first));
    await refused(first.refreshToken);
  });

  test.each(['', '.', 'family', 'family.', '.secret', 'family.secret.more', 'family.secret', ' . '])(
    'with %j, which was never given, is refused and ends nothing',
    async (token) => {
      await refused(token);
      expect(ended()).toEqual([]);
      await app.auth.authenticate(actorOf(first));
    },
  );

  test('with more than the token is refused, and the token is still good', async () => {
    await refused(`${first.refreshToken}.more`);
    await app.auth.refresh(first.refreshToken);
  });

  test('for an account that is gone is refused', async () => {
    const { digests, store, clock } = app;
    const session = aSession({ userId: anId(), expiresAt: clock.now() + DAY });
    await store.sessions.create(session, { family: digests.digest('family'), token: digests.digest('secret') });
    await refused('family.secret');
  });
});

describe('authenticate', () => {
  test('refuses a session that is somebody else’s, has ended, or was not used for 30 days', async () => {
    const [ann, bob] = [
      await app.auth.register(ANN),
      await app.auth.register({ ...ANN, username: 'Bob', email: 'bob@example.org' }),
    ];
    const refused = (actor: Actor) =>
      expect(app.auth.authenticate(actor)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await refused({ userId: ann.user.id, sessionId: bob.session.id });
    await refused({ userId: ann.user.id, sessionId: anId() });
    await app.auth.logout(actorOf(bob));
    await refused(actorOf(bob));
    await app.auth.authenticate(actorOf(ann));
    app.clock.advance(30 * DAY);
    await refused(actorOf(ann));
  });
});

test('logging out twice at once is as good as once', async () => {
  const actor = actorOf(await app.auth.register(ANN));
  await Promise.all([app.auth.logout(actor), app.auth.logout(actor)]);
  expect(ended()).toEqual([[actor.sessionId]]);
});

describe('sessions', () => {
  /** Three devices of Ann's, signed in one after the other. */
  async function threeDevices(): Promise<[Grant, Grant, Grant]> {
    const grants = [await app.auth.register({ ...ANN, device: 'desk' })];
    for (const device of ['phone', 'tablet']) {
      app.clock.advance(MINUTE);
      grants.push(await app.auth.login({ login: 'Ann', password: ANN.password, device }));
    }
    return grants as [Grant, Grant, Grant];
  }

  const devices = async (actor: Actor) => (await app.auth.sessions(actor)).map((session) => session.device);

  test('are listed, most recently used first', async () => {
    const [desk] = await threeDevices();
    app.clock.advance(MINUTE);
    await app.auth.refresh(desk.refreshToken);
    expect(await devices(actorOf(desk))).toEqual(['desk', 'tablet', 'phone']);
  });

  test('are a hundred at most: of more, those end that were not used for longest', async () => {
    const [desk, phone, tablet] = await threeDevices();
    app.clock.advance(MINUTE);
    await app.auth.refresh(desk.refreshToken);
    const { id: userId } = desk.user;
    const signIn = () => app.auth.login({ login: 'ann', password: ANN.password });
    for (let i = 0; i < 97; i += 1) await signIn();
    expect(ended()).toEqual([]);
    await signIn();
    expect(await devices(actorOf(desk))).toHaveLength(100);
    const left = new Set((await app.store.sessions.list(userId, app.clock.now())).map(({ id }) => id));
    expect([desk, phone, tablet].map(({ session }) => left.has(session.id))).toEqual([true, false, true]);
    expect(ended()).toEqual([[phone.session.id]]);
  });

  test('end one by one, and everybody is told', async () => {
    const [desk, phone] = await threeDevices();
    await app.auth.endSession(actorOf(desk), phone.session.id);
    expect(await devices(actorOf(desk))).toEqual(['tablet', 'desk']);
    await app.auth.logout(actorOf(desk));
    expect(ended()).toEqual([[phone.session.id], [desk.session.id]]);
  });

  test('end all at once', async () => {
    const grants = await threeDevices();
    await app.auth.logoutAll(actorOf(grants[0]));
    expect(await devices(actorOf(grants[0]))).toEqual([]);
    expect(ended().map((ids) => [...ids].sort())).toEqual([grants.map((grant) => grant.session.id).sort()]);
  });

  test('of somebody else are not there, and neither are those that have ended', async () => {
    const [desk, phone] = await threeDevices();
    const bob = await app.auth.register({ ...ANN, username: 'Bob', email: 'bob@example.org' });
    await app.auth.logout(actorOf(phone));
    for (const sessionId of [bob.session.id, phone.session.id, anId()]) {
      await expect(app.auth.endSession(actorOf(desk), sessionId)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    }
    await app.auth.authenticate(actorOf(bob));
    expect(ended()).toHaveLength(1);
  });
});

describe('changePassword', () => {
  const change = { currentPassword: ANN.password, newPassword: 'battery staple' };

  test('ends all other sessions, and from then on the new one counts', async () => {
    const here = await app.auth.register(ANN);
    const there = await app.auth.login({ login: 'Ann', password: ANN.password });
    await app.auth.changePassword(actorOf(here), change);
    expect(ended()).toEqual([[there.session.id]]);
    await app.auth.authenticate(actorOf(here));
    await expect(app.auth.login({ login: 'Ann', password: ANN.password })).rejects.toMatchObject({
      code: 'BAD_CREDENTIALS',
    });
    await app.auth.login({ login: 'Ann', password: change.newPassword });
  });

  test('on the only device ends nothing', async () => {
    await app.auth.changePassword(actorOf(await app.auth.register(ANN)), change);
    expect(app.events).toEqual([]);
  });

  test.each([
    ['with a wrong current password', { currentPassword: 'wrong' }, { code: 'BAD_CREDENTIALS' }],
    ['to a bad one', { newPassword: 'short' }, { problems: [expect.objectContaining({ path: '/newPassword' })] }],
  ])('%s changes nothing', async (_, wrong, refusal) => {
    const here = await app.auth.register(ANN);
    await app.auth.login({ login: 'Ann', password: ANN.password });
    await expect(app.auth.changePassword(actorOf(here), { ...change, ...wrong })).rejects.toMatchObject(refusal);
    expect(app.events).toEqual([]);
    await app.auth.login({ login: 'Ann', password: ANN.password });
  });

  test('of an account that is gone is refused', async () => {
    const nobody = { userId: anId(), sessionId: anId() };
    await expect(app.auth.changePassword(nobody, change)).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
  });
});

describe('a ticket', () => {
  const refused = (ticket: string) =>
    expect(app.auth.redeemTicket(ticket)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });

  test('stands for the session that asked for it, once', async () => {
    const ann = await app.auth.register(ANN);
    const { ticket, expiresInMs } = await app.auth.issueTicket(actorOf(ann));
    expect(expiresInMs).toBe(30_000);
    expect(await app.auth.redeemTicket(ticket)).toEqual(ann.session);
    await refused(ticket);
  });

  test('is good for 30 s', async () => {
    const ann = await app.auth.register(ANN);
    const tickets = [await app.auth.issueTicket(actorOf(ann)), await app.auth.issueTicket(actorOf(ann))];
    app.clock.advance(29_999);
    await app.auth.redeemTicket(tickets[0]?.ticket ?? '');
    app.clock.advance(1);
    await refused(tickets[1]?.ticket ?? '');
  });

  test('dies with its session', async () => {
    const ann = await app.auth.register(ANN);
    const { ticket } = await app.auth.issueTicket(actorOf(ann));
    await app.auth.logout(actorOf(ann));
    await refused(ticket);
  });

  test('that nobody gave is refused', async () => {
    await refused('forged');
  });
});
