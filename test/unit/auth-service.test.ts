import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Grant } from '../../src/application/auth-service.ts';
import type { Deletion } from '../../src/application/ports/deletions.ts';
import type { Actor } from '../../src/domain/session.ts';
import type { User } from '../../src/domain/user.ts';
import { anId, aSession, aUser, NOON } from '../support/builders.ts';
import { createGroup, perform, say, sending } from '../support/chat-actions.ts';
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

describe('suspending', () => {
  test('is told to everybody, and ends all sessions as one of a suspended account', async () => {
    const admin = await app.newActor({ role: 'admin' });
    const { user, session } = await app.auth.register(ANN);
    await app.administration.suspend(admin, user.id);
    expect(app.events).toEqual([
      { type: 'user.updated', userId: user.id, version: 2 },
      { type: 'sessions.ended', userId: user.id, sessionIds: [session.id], suspended: true },
    ]);
  });

  test('once more changes nothing, nor does restoring', async () => {
    const admin = await app.newActor({ role: 'admin' });
    const { user } = await app.auth.register(ANN);
    for (const change of ['suspend', 'restore'] as const) {
      await app.administration[change](admin, user.id);
      const changed = await app.store.users.find(user.id);
      app.clock.advance(MINUTE);
      await app.administration[change](admin, user.id);
      expect(await app.store.users.find(user.id)).toEqual(changed);
    }
  });

  test('is nothing for an admin whose account is gone', async () => {
    const { user } = await app.auth.register(ANN);
    const gone = { userId: anId(), sessionId: anId() };
    await expect(app.administration.suspend(gone, user.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

/** A code to set a password with, as somebody has got it by mail. */
const mailed = (code: string, { id: userId, role }: User) =>
  app.store.codes.create({
    ...{ digest: app.digests.digest(code), purpose: 'password-reset', userId, role },
    expiresAt: app.clock.now() + MINUTE,
  });

describe('the operator', () => {
  test('goes through everybody, the oldest account first', async () => {
    const count = 201;
    const users = Array.from({ length: count }, (_, i) => aUser({ createdAt: NOON - ((i * 2) % count) }));
    for (const user of users) await app.store.users.create(user, 'a hash');
    const found: number[] = [];
    for await (const { createdAt } of app.operator.everybody()) found.push(createdAt);
    expect(found).toEqual(users.map(({ createdAt }) => createdAt).sort((a, b) => a - b));
  });

  test('makes an admin of who has the login, however it is written, and lets him in again', async () => {
    const { user } = await app.auth.register(ANN);
    await app.administration.suspend(await app.newActor({ role: 'admin' }), user.id);
    for (const login of [' ann ', 'ANN@example.org']) {
      expect(await app.operator.promote(login)).toMatchObject({ id: user.id, role: 'admin', suspendedAt: null });
      expect(await app.operator.ensureAdmin({ login })).toMatchObject({ id: user.id });
    }
    await expect(app.operator.promote('Bob')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
  });

  test.each([{}, { email: 'boss@example.org' }, { password: ANN.password }])(
    'makes no account of half of what it takes: %j',
    async (half) => {
      const made = app.operator.ensureAdmin({ login: 'boss', ...half });
      await expect(made).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    },
  );

  test('sets a password, and with it ends all sessions and takes back the codes for another', async () => {
    const { user, session } = await app.auth.register(ANN);
    await mailed('a code', user);
    await app.operator.resetPassword('Ann', 'battery staple');
    expect(ended()).toEqual([[session.id]]);
    const reset = app.passwordResets.reset({ token: 'a code', newPassword: 'a third password' });
    await expect(reset).rejects.toMatchObject({ code: 'RESET_TOKEN_INVALID' });
    await app.auth.login({ login: 'Ann', password: 'battery staple' });
  });

  test('gives one invitation to become the first admin: another, made meanwhile, is worth nothing', async () => {
    const secrets = jest.spyOn(app.ids, 'secret');
    const given = await Promise.all([app.operator.inviteFirstAdmin(), app.operator.inviteFirstAdmin()]);
    const good = given.flatMap((invitation) => invitation?.code ?? []);
    const codes = secrets.mock.results.map(({ value }) => String(value));
    expect([good.length, codes.length]).toEqual([1, 2]);
    for (const code of codes) {
      const admitted = app.invitations.admit(code);
      if (good.includes(code)) expect(await admitted).toMatchObject({ role: 'admin' });
      else await expect(admitted).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
    }
  });
});

describe('a forgotten password', () => {
  test('is not set for an account that was deleted meanwhile', async () => {
    const { user } = await app.auth.register(ANN);
    await mailed('a code', user);
    await app.store.deletions.begin({ userId: user.id, messages: 'keep', at: app.clock.now() });
    const reset = app.passwordResets.reset({ token: 'a code', newPassword: 'battery staple' });
    await expect(reset).rejects.toMatchObject({ code: 'RESET_TOKEN_INVALID' });
  });

  test('of several people is several mails', async () => {
    await app.auth.register(ANN);
    await app.auth.register({ ...ANN, username: 'Bob', email: 'bob@example.org' });
    for (const email of [ANN.email, 'bob@example.org']) await app.passwordResets.request({ email });
    await app.mailDelivery.deliverDue();
    expect(app.sent.map(({ to }) => to).sort()).toEqual(['Ann@Example.org', 'bob@example.org']);
  });
});

describe('the end of an account', () => {
  const goodbye = (actor: Actor, messages: Deletion['messages'] = 'keep') =>
    app.deletion.delete(actor, { password: 'a password', messages });
  const unfinished = async () => (await app.store.deletions.unfinished(10)).map(({ userId }) => userId);

  test('wants the password, ends all sessions, and is told to everybody, once', async () => {
    const { session, ...ann } = await app.auth.register({ ...ANN, password: 'a password' });
    const wrong = app.deletion.delete(actorOf({ session, ...ann }), { password: 'a guess', messages: 'keep' });
    await expect(wrong).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
    await goodbye(actorOf({ session, ...ann }));
    await expect(goodbye(actorOf({ session, ...ann }))).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' });
    expect(app.events).toEqual([
      { type: 'sessions.ended', userId: ann.user.id, sessionIds: [session.id] },
      { type: 'user.updated', userId: ann.user.id, version: 2 },
    ]);
  });

  test('is looked over at once and after a minute, and then nothing is kept of his sessions and codes', async () => {
    const [ann, bob] = [await app.newActor(), await app.newActor()];
    await app.chats.openDirect(ann, bob.userId); // which nobody leaves
    const forgets = jest.spyOn(app.store.sessions, 'forget');
    await goodbye(ann);
    await app.deletion.sweep();
    await mailed('a late code', aUser({ id: ann.userId }));
    app.clock.advance(MINUTE - 1);
    await app.deletion.sweep();
    expect([await unfinished(), forgets.mock.calls]).toEqual([[ann.userId], []]);
    app.clock.advance(1);
    await app.deletion.sweep();
    expect([await unfinished(), forgets.mock.calls]).toEqual([[], [[ann.userId]]]);
    const digest = app.digests.digest('a late code');
    expect(await app.store.codes.find('password-reset', digest, app.clock.now() - MINUTE)).toBeNull();
    const lines = app.logger.lines.filter(({ level }) => level !== 'debug');
    expect(lines).toEqual([{ level: 'info', facts: { userId: ann.userId }, message: 'a deleted account is cleared' }]);
  });

  test('is not held up by another that cannot be cleared yet', async () => {
    const [ann, bob] = [await app.newActor(), await app.newActor()];
    for (const actor of [ann, bob]) await goodbye(actor);
    app.clock.advance(MINUTE);
    const failure = new Error('busy');
    jest.spyOn(app.store.chats, 'memberships').mockRejectedValueOnce(failure);
    await app.deletion.sweep();
    const [late] = await unfinished();
    expect(await unfinished()).toHaveLength(1);
    expect(app.logger.lines).toContainEqual({
      ...{ level: 'warn', facts: { err: failure, userId: late } },
      message: 'a deleted account could not be cleared yet',
    });
  });

  test('has the store rewritten for many at once, every 10 minutes at most', async () => {
    const scrubs = jest.spyOn(app.store.deletions, 'scrub').mockResolvedValue(false);
    await goodbye(await app.newActor());
    app.clock.advance(MINUTE);
    await app.deletion.sweep();
    const warnings = () => app.logger.lines.filter(({ level }) => level === 'warn').length;
    expect([await unfinished(), warnings()]).toEqual([[], 1]);
    const others = [await app.newActor(), await app.newActor()];
    for (const actor of others) await goodbye(actor);
    app.clock.advance(10 * MINUTE - 1);
    await app.deletion.sweep();
    expect((await unfinished()).length).toBe(2);
    app.clock.advance(1);
    await app.deletion.sweep();
    expect([await unfinished(), scrubs.mock.calls.length, warnings()]).toEqual([[], 2, 2]);
  });

  test('erases however much he wrote, some at a time, and nothing twice', async () => {
    const [ann, bob] = [await app.newActor(), await app.newActor()];
    const log = app.store.chatLog;
    const [long, gone] = [await createGroup(log, bob.userId, [ann.userId]), await createGroup(log, ann.userId)];
    await perform(log, gone, ann.userId, sending('nobody reads it'), { type: 'chat.delete' });
    for (const { userId } of [ann, bob]) await say(log, long, userId, ...Array.from({ length: 550 }, (_, i) => `${i}`));
    await goodbye(ann, 'erase');
    const submitted = jest.spyOn(app.writer, 'submit');
    const erasures = () =>
      submitted.mock.calls.flatMap(([, , command]) =>
        command.type === 'message.erase' ? command.messageIds.length : [],
      );
    await app.deletion.sweep();
    expect(erasures()).toEqual([100, 100, 100, 100, 99, 51]);
    submitted.mockClear();
    app.clock.advance(MINUTE);
    await app.deletion.sweep();
    expect(erasures()).toEqual([]);
    const lines = await app.store.messages.search(long, { above: 0, upTo: 2_000, limit: 2_000, order: 'asc' }, {});
    const left = lines.filter(({ content }) => content !== null);
    expect(new Set(left.map(({ senderId }) => senderId))).toEqual(new Set([bob.userId]));
    expect(left).toHaveLength(550);
  });

  test('is brought about in the background until that is told to end', async () => {
    const ann = await app.newActor();
    await goodbye(ann);
    const stop = new AbortController();
    const running = app.deletion.run(stop.signal);
    await app.clock.asleep();
    app.clock.advance(MINUTE);
    await app.clock.asleep();
    expect(await unfinished()).toEqual([]);
    stop.abort();
    await running;
  });
});
