import { describe, expect, test } from '@jest/globals';
import { type Change, type ChatState, emptyState, type Fact, imagesOf, record } from '../../src/domain/changes.ts';
import { MEMBERS_MAX } from '../../src/domain/chat.ts';
import { type Command, decide, needsOf } from '../../src/domain/decide.ts';
import { DomainError } from '../../src/domain/errors.ts';
import { emptied, type Message, sendKey } from '../../src/domain/message.ts';
import { aDraft, NOON } from '../support/builders.ts';

const CHAT = 'chat';

/** Does as commanded, at `now`, and gives the changes. */
function perform(state: ChatState, actorId: string, command: Command, now = NOON): Change[] {
  return decide(state, actorId, command).map((fact) => record(state, CHAT, actorId, now, fact));
}

/** What is decided, in a word: the facts, `nothing`, or the refusal's code; each refusal says something, too. */
function verdict(state: ChatState, actorId: string, command: Command): string {
  try {
    const facts = decide(state, actorId, command);
    return facts.length === 0 ? 'nothing' : facts.map((fact) => String(fact.type)).join(' + ');
  } catch (error) {
    if (error instanceof DomainError && error.message !== '') return error.code;
    throw error;
  }
}

const create = (...memberIds: string[]): Command => ({
  type: 'chat.create',
  kind: 'group',
  name: 'Choir',
  memberIds,
  lineId: 'l-new',
});
const rename = (name: string): Command => ({ type: 'chat.update', name, lineId: `l-${name}` });
const describeAs = (description: string | null): Command => ({ type: 'chat.update', description, lineId: 'l-about' });
const showAs = (avatarId: string | null): Command => ({ type: 'chat.update', avatarId, lineId: 'l-picture' });
const deleteChat: Command = { type: 'chat.delete' };
const add = (...userIds: string[]): Command => ({ type: 'member.add', userIds, lineId: `l-add-${userIds}` });
const remove = (userId: string): Command => ({ type: 'member.remove', userId, lineId: `l-remove-${userId}` });
const promote = (userId: string, role: 'owner' | 'admin' | 'member'): Command => ({
  type: 'member.update',
  userId,
  role,
});
type Sending = Extract<Command, { type: 'message.send' }>;
/** One message; its id is its text. */
const send = (text: string, with_: { clientId?: string; replyTo?: string } = {}): Sending => ({
  type: 'message.send',
  drafts: [aDraft(text, { id: text, clientId: text, ...with_ })],
});
/** The same to Bob, in the direct chat with him. */
const sendToBob = (text: string, with_ = {}): Command => ({ ...send(text, with_), peerId: 'bob' });
const edit = (messageId: string, content: string): Command => ({ type: 'message.edit', messageId, content });
const erase = (messageId: string): Command => ({ type: 'message.delete', messageId });
const takeAway = (...messageIds: string[]): Command => ({ type: 'message.erase', messageIds });
const join: Command = { type: 'chat.join' };

/**
 * Ann's group, with Bob and Cyd as admins and Dan and Eve as members; Gus has left. Everybody has written one message, whose
 * id is his name. Should Ann leave, Bob is her heir.
 */
function aGroup(): ChatState {
  const state = emptyState();
  perform(state, 'ann', create('bob', 'cyd', 'dan', 'eve', 'gus'));
  for (const admin of ['bob', 'cyd']) perform(state, 'ann', promote(admin, 'admin'));
  for (const author of ['ann', 'bob', 'cyd', 'dan', 'eve', 'gus']) perform(state, author, send(author));
  perform(state, 'gus', remove('gus'));
  state.heir = state.members.get('bob') ?? null;
  return state;
}

const open: Command = { type: 'chat.open', peerId: 'bob' };

/** Ann's and Bob's direct chat, with a message of each. */
function aDirectChat(): ChatState {
  const state = emptyState();
  perform(state, 'ann', open);
  for (const author of ['ann', 'bob']) perform(state, author, send(author));
  return state;
}

/** The only message of this text. */
function messageOf(state: ChatState, id: string): Message {
  const message = state.messages.get(id);
  if (!message) throw new Error(`there is no message ${id}`);
  return message;
}

const NOT_HERE = 'CHAT_NOT_FOUND';

describe('in a group', () => {
  const who = { owner: 'ann', admin: 'bob', member: 'dan', 'former member': 'gus', stranger: 'sam' };
  const everyMember = (answer: string) => ({ owner: answer, admin: answer, member: answer });
  type Answers = { owner: string; admin: string; member: string };

  const rules: [string, Command, Answers][] = [
    ['rename it', rename('Band'), everyMember('chat.updated')],
    ['describe it', describeAs('Mondays'), everyMember('chat.updated')],
    ['give it a picture', showAs('a-picture'), everyMember('chat.updated')],
    ['delete it', deleteChat, { owner: 'chat.deleted', admin: 'FORBIDDEN', member: 'FORBIDDEN' }],
    ['add somebody', add('sam'), everyMember('member.added')],
    ['make somebody an admin', promote('eve', 'admin'), { ...everyMember('FORBIDDEN'), owner: 'member.updated' }],
    ['make an admin a member', promote('cyd', 'member'), { ...everyMember('FORBIDDEN'), owner: 'member.updated' }],
    ['make somebody the owner', promote('eve', 'owner'), { ...everyMember('FORBIDDEN'), owner: 'member.updated' }],
    ['remove a member', remove('eve'), { ...everyMember('member.removed'), member: 'FORBIDDEN' }],
    ['remove an admin', remove('cyd'), { ...everyMember('FORBIDDEN'), owner: 'member.removed' }],
    ['send a message', send('hello'), everyMember('message.created')],
    ["edit somebody's message", edit('eve', 'changed'), everyMember('FORBIDDEN')],
    ['edit a system line', edit('l-new', 'changed'), everyMember('FORBIDDEN')],
    ["delete a member's message", erase('eve'), { ...everyMember('message.deleted'), member: 'FORBIDDEN' }],
    ["delete another admin's message", erase('cyd'), { ...everyMember('FORBIDDEN'), owner: 'message.deleted' }],
    ["delete the owner's message", erase('ann'), { ...everyMember('FORBIDDEN'), owner: 'message.deleted' }],
    ['delete a message of who has left', erase('gus'), { ...everyMember('message.deleted'), member: 'FORBIDDEN' }],
    ['delete a system line', erase('l-new'), everyMember('FORBIDDEN')],
    ['edit what is not there', edit('nothing', 'x'), everyMember('MESSAGE_NOT_FOUND')],
    ['delete what is not there', erase('nothing'), everyMember('MESSAGE_NOT_FOUND')],
    ['remove who is not in it', remove('sam'), everyMember('MEMBER_NOT_FOUND')],
    ['remove who has left', remove('gus'), everyMember('MEMBER_NOT_FOUND')],
    ['change the role of who is not in it', promote('sam', 'admin'), everyMember('MEMBER_NOT_FOUND')],
    ['change the role of who has left', promote('gus', 'admin'), everyMember('MEMBER_NOT_FOUND')],
  ];

  const cases = rules.flatMap(([what, command, answers]) =>
    Object.entries({ ...answers, 'former member': NOT_HERE, stranger: NOT_HERE }).map(
      ([role, answer]) => [role, what, answer, who[role as keyof typeof who], command] as const,
    ),
  );

  test.each(cases)('the %s who wants to %s: %s', (_, __, answer, actorId, command) => {
    const state = aGroup();
    const before = structuredClone(state);
    expect(verdict(state, actorId, command)).toBe(answer);
    expect(state).toEqual(before);
  });

  test.each(Object.values(who))(
    'nobody is ever refused the deletion of his own message, but who is outside (%s)',
    (me) => {
      expect(verdict(aGroup(), me, erase(me))).toBe(['gus', 'sam'].includes(me) ? NOT_HERE : 'message.deleted');
    },
  );

  test('nobody may do anything in a chat that was deleted, not even its owner', () => {
    const state = aGroup();
    perform(state, 'ann', deleteChat);
    for (const [, command] of rules) expect(verdict(state, 'ann', command)).toBe(NOT_HERE);
  });
});

describe('in a direct chat', () => {
  const rules: [string, string, Command][] = [
    ['send a message', 'message.created', send('hello')],
    ['edit his own message', 'message.updated', edit('ann', 'changed')],
    ['delete his own message', 'message.deleted', erase('ann')],
    ["edit the other's message", 'FORBIDDEN', edit('bob', 'changed')],
    ["delete the other's message", 'FORBIDDEN', erase('bob')],
    ['delete it', 'chat.deleted', deleteChat],
    ['rename it', 'DIRECT_CHAT_FIXED', rename('Us')],
    ['describe it', 'DIRECT_CHAT_FIXED', describeAs('Us two')],
    ['add a third', 'DIRECT_CHAT_FIXED', add('cyd')],
    ['be its owner', 'DIRECT_CHAT_FIXED', promote('ann', 'owner')],
    ['remove the other', 'DIRECT_CHAT_FIXED', remove('bob')],
    ['leave it', 'DIRECT_CHAT_FIXED', remove('ann')],
    ['open it again', 'nothing', open],
  ];

  test.each(rules)('one of the two who wants to %s: %s', (_, answer, command) => {
    expect(verdict(aDirectChat(), 'ann', command)).toBe(answer);
  });

  test.each(rules.slice(0, -1))('a stranger who wants to %s is told that there is no such chat', (_, __, command) => {
    expect(verdict(aDirectChat(), 'sam', command)).toBe(NOT_HERE);
  });

  test('the two are equals: either of them may delete it', () => {
    expect(verdict(aDirectChat(), 'bob', deleteChat)).toBe('chat.deleted');
  });
});

/**
 * Ann's public room, with Bob as its admin and Dan and Eve as members; Gus has left it, and Bob has removed Zoe. The messages of
 * Ann, Bob, Dan and Eve bear their names.
 */
function aRoom(): ChatState {
  const state = emptyState();
  perform(state, 'ann', { type: 'chat.create', kind: 'public', name: 'Square', memberIds: [], lineId: 'l-new' });
  for (const visitor of ['bob', 'dan', 'eve', 'gus', 'zoe']) perform(state, visitor, join);
  perform(state, 'ann', promote('bob', 'admin'));
  for (const author of ['ann', 'bob', 'dan', 'eve']) perform(state, author, send(author));
  perform(state, 'gus', remove('gus'));
  perform(state, 'bob', remove('zoe'));
  state.heir = state.members.get('bob') ?? null;
  return state;
}

describe('in a public room', () => {
  const who = { owner: 'ann', admin: 'bob', member: 'dan', 'former member': 'gus', banned: 'zoe', stranger: 'sam' };
  const outside = (answer: string) => ({ 'former member': answer, banned: answer, stranger: answer });
  const admins = { owner: '', admin: '', member: 'FORBIDDEN', ...outside('FORBIDDEN') };
  const byAdmins = (answer: string) => ({ ...admins, owner: answer, admin: answer });
  const byOwner = (answer: string) => ({ ...byAdmins('FORBIDDEN'), owner: answer });
  const byMembers = (answer: string) => ({ ...byAdmins(answer), member: answer });

  const rules: [string, Command, Record<keyof typeof who, string>][] = [
    ['come in', join, { ...byMembers('nothing'), ...outside('member.added'), banned: 'FORBIDDEN' }],
    ['send a message', send('hello'), byMembers('message.created')],
    ['rename it', rename('Plaza'), byAdmins('chat.updated')],
    ['describe it', describeAs('All day'), byAdmins('chat.updated')],
    ['add somebody', add('tom'), byAdmins('member.added')],
    ['add somebody who was removed', add('zoe'), { ...byAdmins('member.added'), banned: 'FORBIDDEN' }],
    ['remove a member', remove('eve'), byAdmins('member.removed')],
    ['remove an admin', remove('bob'), { ...byOwner('member.removed'), admin: 'member.removed' }],
    ['make somebody an admin', promote('eve', 'admin'), byOwner('member.updated')],
    ['hand it over', promote('eve', 'owner'), byOwner('member.updated')],
    ["delete a member's message", erase('eve'), byAdmins('message.deleted')],
    ["edit somebody's message", edit('eve', 'changed'), byMembers('FORBIDDEN')],
    ['delete it', deleteChat, byOwner('chat.deleted')],
  ];

  const cases = rules.flatMap(([what, command, answers]) =>
    Object.entries(answers).map(([role, answer]) => [role, what, answer, command] as const),
  );

  test.each(cases)('the %s who wants to %s: %s', (role, _, answer, command) => {
    const state = aRoom();
    const before = structuredClone(state);
    expect(verdict(state, who[role as keyof typeof who], command)).toBe(answer);
    expect(state).toEqual(before);
  });

  test('coming, going, being added and removed leave no lines, and count', () => {
    const state = aRoom();
    const { seq, memberCount } = state.chat ?? { seq: 0, memberCount: 0 };
    for (const [actorId, command, count] of [
      ['sam', join, 1],
      ['ann', add('tom'), 2],
      ['bob', remove('eve'), 1],
      ['dan', remove('dan'), 0],
    ] as const) {
      const [change] = perform(state, actorId, command);
      expect(change).toMatchObject({ seq: null, messageId: null });
      expect(state.chat).toMatchObject({ seq, memberCount: memberCount + count });
    }
    expect([...state.messages.keys()]).toEqual(['l-new', 'ann', 'bob', 'dan', 'eve']);
  });

  test('who comes in finds the history read', () => {
    const state = aRoom();
    perform(state, 'sam', join);
    const { seq, n } = state.chat ?? {};
    expect(state.members.get('sam')).toMatchObject({ role: 'member', active: true, joinedSeq: seq, joinedN: n });
  });

  test('who was removed comes in again only once an admin has added him; leaving by himself bars nobody', () => {
    const state = aRoom();
    expect(verdict(state, 'zoe', join)).toBe('FORBIDDEN');
    perform(state, 'bob', add('zoe'));
    expect(state.members.get('zoe')).toMatchObject({ active: true, banned: false });
    perform(state, 'zoe', remove('zoe'));
    expect(verdict(state, 'zoe', join)).toBe('member.added');
  });

  test('an owner who leaves hands over to the heir; with the last one the room goes', () => {
    const state = aRoom();
    perform(state, 'ann', remove('ann'));
    expect(state.members.get('bob')?.role).toBe('owner');
    for (const visitor of ['dan', 'eve']) perform(state, visitor, remove(visitor));
    expect(verdict(state, 'bob', remove('bob'))).toBe('chat.deleted');
  });

  test('when it is full, nobody comes in', () => {
    const state = aRoom();
    if (state.chat) state.chat = { ...state.chat, memberCount: MEMBERS_MAX };
    expect(verdict(state, 'sam', join)).toBe('CHAT_FULL');
    expect(verdict(state, 'dan', join)).toBe('nothing');
  });

  test('that was deleted nobody comes in, nor into what is not public', () => {
    const state = aRoom();
    perform(state, 'ann', deleteChat);
    for (const visitor of Object.values(who)) expect(verdict(state, visitor, join)).toBe(NOT_HERE);
    expect(verdict(emptyState(), 'sam', join)).toBe(NOT_HERE);
    for (const chat of [aGroup(), aDirectChat()]) {
      expect(verdict(chat, 'sam', join)).toBe(NOT_HERE);
      expect(verdict(chat, 'gus', join)).toBe(NOT_HERE);
      expect(verdict(chat, 'ann', join)).toBe('nothing');
    }
  });
});

describe('creating a group', () => {
  test('makes the creator its owner and each other a member, once', () => {
    const state = emptyState();
    perform(state, 'ann', create('bob', 'ann', 'cyd', 'bob'));
    const roles = [...state.members.values()].map(({ userId, role }) => [userId, role]);
    expect(roles).toEqual([
      ['ann', 'owner'],
      ['bob', 'member'],
      ['cyd', 'member'],
    ]);
    expect(state.chat).toMatchObject({ kind: 'group', pair: null, live: true, name: 'Choir', memberCount: 3 });
  });

  test('is told by a line that names the others, and is unread to nobody', () => {
    const state = emptyState();
    const [change] = perform(state, 'ann', create('bob'));
    expect(change).toEqual({
      ...{ type: 'chat.created', rev: 1, seq: 1, at: NOON, actorId: 'ann', messageId: 'l-new' },
      userIds: ['ann', 'bob'],
    });
    const system = { type: 'chat.created', userIds: ['bob'], name: 'Choir' };
    expect(messageOf(state, 'l-new')).toMatchObject({ kind: 'system', senderId: 'ann', n: 0, content: null, system });
    expect(state.members.get('bob')).toMatchObject({ joinedSeq: 1, joinedN: 0 });
  });

  test('under an id that a chat has already is a bug, and not a refusal', () => {
    expect(() => decide(aGroup(), 'ann', create())).toThrow('a new chat has a new id');
  });
});

describe('opening a direct chat', () => {
  test('makes two plain members and no line, whoever asks', () => {
    const [anns, bobs] = [emptyState(), emptyState()];
    perform(anns, 'ann', { type: 'chat.open', peerId: 'bob' });
    perform(bobs, 'bob', { type: 'chat.open', peerId: 'ann' });
    expect(anns.chat).toMatchObject({
      kind: 'direct',
      pair: ['ann', 'bob'],
      name: null,
      rev: 1,
      seq: 0,
      memberCount: 2,
    });
    expect(bobs.chat).toEqual(anns.chat);
    expect([...anns.members.values()].map((member) => member.role)).toEqual(['member', 'member']);
    expect(anns.messages.size).toBe(0);
  });

  test('comes with the first message', () => {
    const state = emptyState();
    const changes = perform(state, 'ann', sendToBob('hello'));
    expect(changes.map(({ type, rev, seq }) => [type, rev, seq])).toEqual([
      ['chat.created', 1, null],
      ['message.created', 2, 1],
    ]);
    expect(messageOf(state, 'hello')).toMatchObject({ senderId: 'ann', seq: 1, n: 1, rev: 2 });
  });

  test('does not come with a later one', () => {
    expect(verdict(aDirectChat(), 'ann', sendToBob('hello'))).toBe('message.created');
  });
});

describe('changing a group', () => {
  test('leaves what the command does not name as it was', () => {
    const state = aGroup();
    perform(state, 'dan', describeAs('Mondays'));
    perform(state, 'eve', rename('Band'));
    expect(state.chat).toMatchObject({ name: 'Band', description: 'Mondays' });
    perform(state, 'eve', describeAs(null));
    expect(state.chat).toMatchObject({ name: 'Band', description: null });
  });

  test('is told by a line with the new name', () => {
    const state = aGroup();
    perform(state, 'dan', rename('Band'));
    const system = { type: 'chat.updated', userIds: [], name: 'Band' };
    expect(messageOf(state, 'l-Band')).toMatchObject({ kind: 'system', senderId: 'dan', system });
  });

  test('is told by a line without a name where it keeps its own', () => {
    const state = aGroup();
    perform(state, 'dan', describeAs('Mondays'));
    perform(state, 'eve', showAs('a-picture'));
    for (const id of ['l-about', 'l-picture']) expect(messageOf(state, id)?.system).toMatchObject({ name: null });
  });
});

describe('what is so already is not done again', () => {
  const group = aGroup();
  perform(group, 'ann', describeAs('Mondays'));
  perform(group, 'eve', erase('eve'));

  test.each<[string, string, Command]>([
    ['renaming to the same name', 'dan', rename('Choir')],
    ['describing in the same words', 'dan', describeAs('Mondays')],
    ['adding only members', 'dan', add('ann', 'bob', 'dan')],
    ['adding nobody', 'dan', add()],
    ['taking away a picture that it has not', 'dan', showAs(null)],
    ['giving a role that he has', 'ann', promote('bob', 'admin')],
    ['making the owner the owner', 'ann', promote('ann', 'owner')],
    ['editing to the same text', 'dan', edit('dan', 'dan')],
    ['deleting a tombstone', 'eve', erase('eve')],
    ["deleting somebody's tombstone, as an admin", 'bob', erase('eve')],
    ['sending what was sent', 'dan', send('dan')],
  ])('%s', (_, actorId, command) => {
    expect(verdict(group, actorId, command)).toBe('nothing');
  });
});

describe('adding members', () => {
  test('adds who is not there yet, each once', () => {
    const state = aGroup();
    const [change] = perform(state, 'dan', add('eve', 'sam', 'tom', 'sam'));
    expect(change).toMatchObject({ type: 'member.added', userIds: ['sam', 'tom'] });
    const system = { type: 'member.added', userIds: ['sam', 'tom'], name: null };
    expect(messageOf(state, change?.messageId ?? '')).toMatchObject({ kind: 'system', senderId: 'dan', system });
    expect(state.chat?.memberCount).toBe(7);
  });

  test('what was written before is not unread to a newcomer', () => {
    const state = aGroup();
    perform(state, 'dan', add('sam'));
    const { seq, n } = state.chat ?? {};
    expect(state.members.get('sam')).toMatchObject({ role: 'member', active: true, joinedSeq: seq, joinedN: n });
  });

  test('who comes back begins anew, as a member', () => {
    const state = aGroup();
    perform(state, 'ann', remove('bob'));
    perform(state, 'ann', add('bob'), NOON + 1000);
    expect(state.members.get('bob')).toMatchObject({ role: 'member', active: true, joinedAt: NOON + 1000 });
    expect(state.members.get('bob')?.joinedSeq).toBe(state.chat?.seq);
  });

  test('beyond the bound is refused as a whole; up to it is not', () => {
    const state = aGroup();
    if (state.chat) state.chat = { ...state.chat, memberCount: MEMBERS_MAX - 1 };
    expect(verdict(state, 'dan', add('sam', 'tom'))).toBe('CHAT_FULL');
    expect(verdict(state, 'dan', add('sam', 'eve'))).toBe('member.added');
  });
});

describe('roles', () => {
  test('an owner who hands over is an admin from then on', () => {
    const state = aGroup();
    const [change] = perform(state, 'ann', promote('dan', 'owner'));
    expect(change).toMatchObject({ type: 'member.updated', userIds: ['dan', 'ann'], seq: null, messageId: null });
    expect(state.members.get('dan')?.role).toBe('owner');
    expect(state.members.get('ann')?.role).toBe('admin');
    expect(verdict(state, 'ann', promote('dan', 'member'))).toBe('FORBIDDEN');
  });

  test.each(['admin', 'member'] as const)('an owner cannot make himself %s: somebody must own the chat', (role) => {
    expect(verdict(aGroup(), 'ann', promote('ann', role))).toBe('OWNER_MUST_HAND_OVER');
  });
});

describe('leaving and being removed', () => {
  test('an owner who leaves hands over to the heir first', () => {
    const state = aGroup();
    const [handOver] = decide(state, 'ann', remove('ann'));
    expect(handOver).toMatchObject({
      roles: new Map([
        ['bob', 'owner'],
        ['ann', 'admin'],
      ]),
    }); // seen between the two
    const changes = perform(state, 'ann', remove('ann'));
    expect(changes.map(({ type, userIds }) => [type, userIds])).toEqual([
      ['member.updated', ['bob', 'ann']],
      ['member.removed', ['ann']],
    ]);
    expect(state.members.get('bob')?.role).toBe('owner');
    expect(state.members.get('ann')).toMatchObject({ role: 'member', active: false });
  });

  test.each(['bob', 'dan'])('whoever else leaves hands nothing over (%s)', (me) => {
    const state = aGroup();
    expect(verdict(state, me, remove(me))).toBe('member.removed');
  });

  test('is told by a line, and counts', () => {
    const state = aGroup();
    perform(state, 'bob', remove('eve'));
    const system = { type: 'member.removed', userIds: ['eve'], name: null };
    expect(messageOf(state, 'l-remove-eve')).toMatchObject({ kind: 'system', senderId: 'bob', system });
    expect(state.chat?.memberCount).toBe(4);
    expect(verdict(state, 'eve', send('still here?'))).toBe(NOT_HERE);
  });

  test('with the last one the chat goes', () => {
    const state = emptyState();
    perform(state, 'ann', create('bob'));
    perform(state, 'bob', remove('bob'));
    expect(verdict(state, 'ann', remove('ann'))).toBe('chat.deleted');
  });

  test('who is neither loaded nor the heir is a bug, with an heir and without', () => {
    const fact: Fact = { type: 'member.removed', userId: 'sam', banned: true, lineId: 'l' };
    for (const heir of [aGroup().heir, null]) {
      expect(() => record({ ...aGroup(), heir }, CHAT, 'ann', NOON, fact)).toThrow('not loaded');
    }
  });

  test('an owner whose heir was not looked up is a bug, and not a refusal', () => {
    const state = aGroup();
    state.heir = null;
    expect(() => decide(state, 'ann', remove('ann'))).toThrow('the heir was not loaded');
  });
});

describe('sending once', () => {
  test('the same clientId with other content is refused', () => {
    expect(verdict(aGroup(), 'dan', send('other words', { clientId: 'dan' }))).toBe('CLIENT_ID_REUSED');
  });

  test("somebody else's clientId is not one's own", () => {
    expect(verdict(aGroup(), 'eve', send('other words', { clientId: 'dan' }))).toBe('message.created');
  });

  test('a repeat is known by what was sent first, also after an edit and a deletion', () => {
    const state = aGroup();
    perform(state, 'dan', edit('dan', 'edited'));
    expect(verdict(state, 'dan', send('dan'))).toBe('nothing');
    expect(verdict(state, 'dan', send('edited', { clientId: 'dan' }))).toBe('CLIENT_ID_REUSED');
    perform(state, 'dan', erase('dan'));
    expect(verdict(state, 'dan', send('dan'))).toBe('nothing');
  });

  test('a repeat of what has been emptied is still a repeat, whatever it said', () => {
    const state = aGroup();
    const message = emptied(messageOf(state, 'dan'), 99, NOON);
    state.sent.set(sendKey('dan', 'dan'), message);
    expect(verdict(state, 'dan', send('other words', { clientId: 'dan' }))).toBe('nothing');
  });

  const batch = (...drafts: [content: string, clientId: string][]): Command => ({
    type: 'message.send',
    drafts: drafts.map(([content, clientId], i) => aDraft(content, { id: `b-${i}`, clientId })),
  });

  test('the same message twice in a batch is one', () => {
    const facts = decide(aGroup(), 'dan', batch(['one', 'x'], ['two', 'y'], ['one', 'x']));
    expect(facts.map((fact) => fact.type === 'message.created' && fact.draft.content)).toEqual(['one', 'two']);
  });

  test('one clientId for two messages of a batch refuses the batch', () => {
    expect(verdict(aGroup(), 'dan', batch(['one', 'x'], ['two', 'x']))).toBe('CLIENT_ID_REUSED');
  });

  test('of a batch, only what is new is stored', () => {
    const facts = decide(aGroup(), 'dan', batch(['dan', 'dan'], ['new', 'y']));
    expect(facts.map((fact) => fact.type === 'message.created' && fact.draft.content)).toEqual(['new']);
  });
});

describe('replying', () => {
  test('to a message of the chat keeps its place', () => {
    const state = aGroup();
    perform(state, 'dan', send('indeed', { replyTo: 'eve' }));
    expect(messageOf(state, 'indeed').replyTo).toEqual({ id: 'eve', seq: messageOf(state, 'eve').seq });
  });

  test.each([['l-new'], ['eve']])('to a system line or a tombstone is possible (%s)', (replyTo) => {
    const state = aGroup();
    perform(state, 'eve', erase('eve'));
    expect(verdict(state, 'dan', send('indeed', { replyTo }))).toBe('message.created');
  });

  test('to what is not in the chat refuses the whole batch', () => {
    const drafts = [aDraft('fine'), aDraft('lost', { replyTo: 'of another chat' })];
    expect(verdict(aGroup(), 'dan', { type: 'message.send', drafts })).toBe('REPLY_TARGET_UNKNOWN');
  });

  test('with the message that opens a chat answers nothing yet', () => {
    expect(verdict(emptyState(), 'ann', sendToBob('indeed', { replyTo: 'eve' }))).toBe('REPLY_TARGET_UNKNOWN');
  });
});

describe('tombstones', () => {
  test('a deleted message keeps its place, sender and clientId, and no word of it', () => {
    const state = aGroup();
    perform(state, 'dan', send('indeed', { replyTo: 'eve' }));
    const before = messageOf(state, 'indeed');
    const [change] = perform(state, 'dan', erase('indeed'), NOON + 1);
    expect(messageOf(state, 'indeed')).toEqual({
      ...before,
      ...{ digest: null, content: null, replyTo: null, deletedAt: NOON + 1, rev: change?.rev },
    });
  });

  test('cannot be edited', () => {
    const state = aGroup();
    perform(state, 'dan', erase('dan'));
    expect(verdict(state, 'dan', edit('dan', 'I take it back'))).toBe('MESSAGE_NOT_FOUND');
  });
});

describe('earlier texts', () => {
  test('are what edits replaced, oldest first, each with when it was written', () => {
    const state = aGroup();
    perform(state, 'dan', edit('dan', 'second'), NOON + 1);
    perform(state, 'dan', edit('dan', 'third'), NOON + 2);
    expect(messageOf(state, 'dan')).toMatchObject({
      content: 'third',
      earlier: [
        { content: 'dan', at: NOON },
        { content: 'second', at: NOON + 1 },
      ],
    });
  });

  test('are the last ten', () => {
    const state = aGroup();
    for (let i = 1; i <= 12; i += 1) perform(state, 'dan', edit('dan', `edit ${i}`));
    const texts = messageOf(state, 'dan').earlier.map(({ content }) => content);
    expect(texts).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((i) => `edit ${i}`));
  });

  test('go with the message', () => {
    const state = aGroup();
    perform(state, 'dan', edit('dan', 'second'));
    perform(state, 'dan', erase('dan'));
    expect(messageOf(state, 'dan').earlier).toEqual([]);
  });
});

describe('a direct chat that was deleted', () => {
  function deleted(): ChatState {
    const state = aDirectChat();
    perform(state, 'bob', deleteChat);
    return state;
  }

  test('is open to nobody, and its numbers are kept', () => {
    const state = deleted();
    expect(state.chat).toMatchObject({
      live: false,
      memberCount: 0,
      rev: 4,
      seq: 2,
      floorRev: 4,
      floorSeq: 2,
      floorN: 2,
    });
    expect(verdict(state, 'ann', send('hello'))).toBe(NOT_HERE);
    expect(verdict(state, 'ann', deleteChat)).toBe(NOT_HERE);
  });

  test('opens again under the same numbers, above its floor', () => {
    const state = deleted();
    perform(state, 'ann', sendToBob('hello'));
    expect(state.chat).toMatchObject({ live: true, memberCount: 2, rev: 6, seq: 3, n: 3, floorRev: 4, floorSeq: 2 });
    expect(state.members.get('bob')).toMatchObject({ active: true, joinedSeq: 2, joinedN: 2 });
  });

  test('what is below the floor cannot be replied to, edited or deleted any more', () => {
    const state = deleted();
    perform(state, 'ann', open);
    expect(verdict(state, 'ann', send('indeed', { replyTo: 'bob' }))).toBe('REPLY_TARGET_UNKNOWN');
    expect(verdict(state, 'ann', edit('ann', 'changed'))).toBe('MESSAGE_NOT_FOUND');
    expect(verdict(state, 'ann', erase('ann'))).toBe('MESSAGE_NOT_FOUND');
  });

  test('a repeat from before the deletion neither opens it nor is sent again', () => {
    const state = deleted();
    expect(verdict(state, 'ann', sendToBob('ann'))).toBe('nothing');
  });
});

describe('what is recorded', () => {
  test('is dated no earlier than the line before, though a clock goes back', () => {
    const state = aGroup();
    const [change] = perform(state, 'dan', send('early'), NOON - 5000);
    expect(change?.at).toBe(NOON);
    expect(change?.userIds).toEqual([]);
    expect(messageOf(state, 'early')).toMatchObject({ createdAt: NOON, earlier: [], attachments: [] });
  });

  test('an edit dates the message, and not the chat', () => {
    const state = aGroup();
    perform(state, 'dan', edit('dan', 'edited'), NOON + 1000);
    expect(messageOf(state, 'dan')).toMatchObject({ content: 'edited', createdAt: NOON, editedAt: NOON + 1000 });
    expect(state.chat?.activeAt).toBe(NOON);
  });

  test('its images are the rows that it touched, each once, as the last change left them', () => {
    const state = aGroup();
    const changes = [
      ...perform(state, 'ann', promote('dan', 'admin')),
      ...perform(state, 'ann', promote('dan', 'member')),
      ...perform(state, 'dan', edit('dan', 'once')),
      ...perform(state, 'dan', edit('dan', 'twice')),
    ];
    const { chat, members, messages } = imagesOf(state, changes);
    expect(chat).toBe(state.chat);
    expect(imagesOf(state, [...changes, { ...changes[0], userIds: ['not loaded'] } as Change]).members).toEqual(
      members,
    );
    expect(members).toEqual([state.members.get('dan')]);
    expect(messages.map((message) => message.content)).toEqual(['twice']);
  });

  test.each<[string, ChatState, Fact]>([
    ['of a chat that was never created', emptyState(), { type: 'chat.deleted' }],
    ['of a member who was not loaded', aGroup(), { type: 'member.removed', userId: 'sam', banned: true, lineId: 'l' }],
    ['of a message that was not loaded', aGroup(), { type: 'message.deleted', messageId: 'nothing' }],
  ])('a fact %s is a bug', (_, state, fact) => {
    expect(() => record(state, CHAT, 'ann', NOON, fact)).toThrow(/never created|not loaded/);
  });

  test('where nothing was recorded there are no images', () => {
    expect(() => imagesOf(emptyState(), [])).toThrow('no change was recorded');
  });
});

describe('what a decision needs beside the chat', () => {
  const nothing = { members: ['ann'], messages: [], sendKeys: [], heir: false };

  test.each<[string, Command, object]>([
    ['opening', open, {}],
    ['creating', create('bob'), {}],
    ['renaming', rename('Band'), {}],
    ['deleting', deleteChat, {}],
    ['adding: who is added', add('bob', 'cyd'), { members: ['ann', 'bob', 'cyd'] }],
    ['a role: whose', promote('bob', 'admin'), { members: ['ann', 'bob'] }],
    ['removing: whom', remove('bob'), { members: ['ann', 'bob'] }],
    ['leaving: the heir', remove('ann'), { members: ['ann', 'ann'], heir: true }],
    [
      'sending: what is replied to, and what was sent under its clientId',
      send('hello', { replyTo: 'm' }),
      { messages: ['m'], sendKeys: ['ann:hello'] },
    ],
    ['sending without a clientId: that of its own id', send('hello'), { sendKeys: ['ann:hello'] }],
    ['editing: the message', edit('m', 'x'), { messages: ['m'] }],
    ['erasing: the message', erase('m'), { messages: ['m'] }],
    ['going for good: what he wrote', takeAway('m', 'n'), { messages: ['m', 'n'] }],
  ])('%s', (_, command, needs) => {
    expect(needsOf('ann', command)).toEqual({ ...nothing, ...needs });
  });
});

describe('an author who goes for good', () => {
  test('takes his own messages along, also where he has left, and nobody else’s', () => {
    for (const author of ['ann', 'eve', 'gus']) {
      const state = aGroup();
      perform(state, author, takeAway('ann', 'eve', 'gus', 'l-new', 'nothing'));
      const gone = [...state.messages.values()].filter(({ deletedAt }) => deletedAt !== null);
      expect(gone).toMatchObject([{ id: author, content: null }]);
    }
  });

  test('finds nothing to take once they are gone, and in a chat that is', () => {
    const state = aGroup();
    perform(state, 'gus', takeAway('gus'));
    expect(verdict(state, 'gus', takeAway('gus'))).toBe('nothing');
    const deleted = aGroup();
    perform(deleted, 'ann', deleteChat);
    expect(verdict(deleted, 'gus', takeAway('gus'))).toBe('nothing');
    expect(verdict(emptyState(), 'gus', takeAway('gus'))).toBe('nothing');
    const reopened = aDirectChat();
    perform(reopened, 'bob', deleteChat);
    expect(verdict(reopened, 'ann', takeAway('ann'))).toBe('nothing');
    perform(reopened, 'ann', open);
    for (const author of ['ann', 'bob']) expect(verdict(reopened, author, takeAway(author))).toBe('nothing');
  });
});
