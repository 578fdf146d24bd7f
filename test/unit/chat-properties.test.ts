import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Change, type ChatState, emptyState, type Fact, imagesOf, record } from '../../src/domain/changes.ts';
import { isAtLeast, type Role } from '../../src/domain/chat.ts';
import { type Command, decide, type Needs, needsOf } from '../../src/domain/decide.ts';
import { DomainError } from '../../src/domain/errors.ts';
import { type Message, sendKey } from '../../src/domain/message.ts';

/** A chat in full, as a store that never forgets would have it, and everything that was recorded in it. */
interface World {
  readonly state: ChatState;
  readonly log: { readonly actorId: string; readonly now: number; readonly fact: Fact; readonly change: Change }[];
}

const PEOPLE = ['ann', 'bob', 'cyd', 'dan', 'eve'];
const CHAT = 'chat';
const person = fc.constantFrom(...PEOPLE);
const place = fc.nat(12);

/** A command in the abstract: a place stands for one of the messages that there are when it comes to it. */
type Step = { readonly actorId: string; readonly now: number; readonly make: (world: World, id: string) => Command };

const step = (make: fc.Arbitrary<Step['make']>): fc.Arbitrary<Step> =>
  fc.record({ actorId: person, now: fc.nat(1000), make });

const messageAt = ({ state }: World, at: number): string => {
  const all = [...state.messages.keys()];
  return all[at % Math.max(1, all.length)] ?? 'nothing';
};

const sends = (peerId?: string) =>
  fc
    .array(fc.record({ key: fc.nat(8), text: fc.constantFrom('a', 'b'), reply: fc.option(place) }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((lines): Step['make'] => (world, id) => ({
      type: 'message.send',
      drafts: lines.map(({ key, text, reply }, i) => ({
        id: `${id}-${i}`,
        clientId: `key ${key}`,
        content: text,
        digest: text,
        replyTo: reply === null ? null : messageAt(world, reply),
        attachments: [],
      })),
      ...(peerId !== undefined && { peerId }),
    }));

const groupSteps: fc.Arbitrary<Step>[] = [
  step(sends()),
  step(
    fc.tuple(place, fc.constantFrom('a', 'c')).map(([at, content]) => (w) => ({
      type: 'message.edit',
      messageId: messageAt(w, at),
      content,
    })),
  ),
  step(place.map((at) => (w) => ({ type: 'message.delete', messageId: messageAt(w, at) }))),
  step(fc.constantFrom('x', 'y').map((name) => (_, lineId) => ({ type: 'chat.update', name, lineId }))),
  step(fc.array(person, { minLength: 1 }).map((userIds) => (_, lineId) => ({ type: 'member.add', userIds, lineId }))),
  step(person.map((userId) => (_, lineId) => ({ type: 'member.remove', userId, lineId }))),
  step(
    fc.tuple(person, fc.constantFrom<Role>('owner', 'admin', 'member')).map(([userId, role]) => () => ({
      type: 'member.update',
      userId,
      role,
    })),
  ),
];
const joining = step(fc.constant(() => ({ type: 'chat.join' })));
const deletion = step(fc.constant(() => ({ type: 'chat.delete' })));

const create = (kind: 'group' | 'public'): Step => ({
  actorId: 'ann',
  now: 0,
  make: (_, lineId) => ({ type: 'chat.create', kind, name: 'x', memberIds: ['bob', 'cyd'], lineId }),
});

/** What a store would load for a command: the rows that are needed, and no others. */
function loaded({ state }: World, needs: Needs, actorId: string): ChatState {
  const part = emptyState(state.chat);
  for (const id of needs.messages) take(part.messages, state.messages, id);
  for (const key of needs.sendKeys) take(part.sent, state.sent, key);
  const senders = [...part.messages.values()].map((message) => message.senderId);
  for (const id of [...needs.members, ...senders]) take(part.members, state.members, id);
  if (needs.heir) part.heir = heirOf(state, actorId);
  return part;
}

function take<T>(into: Map<string, T>, from: Map<string, T>, key: string): void {
  const row = from.get(key);
  if (row) into.set(key, row);
}

function heirOf(state: ChatState, actorId: string) {
  const others = [...state.members.values()].filter((member) => member.active && member.userId !== actorId);
  const age = (a: (typeof others)[number], b: typeof a) => a.joinedSeq - b.joinedSeq || (a.userId < b.userId ? -1 : 1);
  return others.filter((member) => member.role === 'admin').sort(age)[0] ?? others.sort(age)[0] ?? null;
}

/** Takes one step as the writer would: on the loaded part, then its images into the whole. Answers the changes, or the refusal. */
function perform(world: World, taken: Step, id: string): Change[] | DomainError {
  const { actorId, now } = taken;
  const command = taken.make(world, id);
  const part = loaded(world, needsOf(actorId, command), actorId);
  try {
    const facts = decide(part, actorId, command);
    const changes = facts.map((fact) => {
      const change = record(part, CHAT, actorId, now, fact);
      world.log.push({ actorId, now, fact, change });
      return change;
    });
    if (changes.length > 0) keep(world.state, part, changes);
    return changes;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

function keep(state: ChatState, part: ChatState, changes: readonly Change[]): void {
  const { chat, members, messages } = imagesOf(part, changes);
  state.chat = chat;
  for (const member of members) state.members.set(member.userId, member);
  for (const message of messages) {
    state.messages.set(message.id, message);
    state.sent.set(sendKey(message.senderId, message.clientId), message);
  }
}

const newWorld = (): World => ({ state: emptyState(), log: [] });

function run(steps: readonly Step[]): World {
  const world = newWorld();
  for (const [i, taken] of steps.entries()) perform(world, taken, `id-${i}`);
  return world;
}

const groupHistory = fc
  .tuple(
    fc.constantFrom('group' as const, 'public' as const),
    fc.array(
      fc.oneof(
        ...groupSteps.map((arbitrary) => ({ arbitrary, weight: 6 })),
        { arbitrary: deletion, weight: 1 },
        { arbitrary: joining, weight: 4 },
      ),
      {
        maxLength: 40,
      },
    ),
  )
  .map(([kind, steps]) => [create(kind), ...steps]);

const direct = (peerId: string, actorId: string) => (arbitrary: fc.Arbitrary<Step['make']>) =>
  fc
    .record({ actorId: fc.constant(actorId), now: fc.nat(1000), make: arbitrary })
    .map((taken) => ({ ...taken, peerId }));

const directHistory = fc.array(
  fc.oneof(
    direct('bob', 'ann')(sends('bob')),
    direct('ann', 'bob')(sends('ann')),
    direct('bob', 'ann')(fc.constant(() => ({ type: 'chat.open', peerId: 'bob' }))),
    step(sends()),
    deletion,
    ...groupSteps.slice(1, 3),
  ),
  { maxLength: 40 },
);

const histories = fc.oneof(groupHistory, directHistory);

describe('for any sequence of commands by any people', () => {
  it('rev is dense over the changes and seq over the lines', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const { state, log } = run(steps);
        expect(log.map(({ change }) => change.rev)).toEqual(log.map((_, i) => i + 1));
        const lines = log.flatMap(({ change }) => change.seq ?? []);
        expect(lines).toEqual(lines.map((_, i) => i + 1));
        expect(state.chat?.rev ?? 0).toBe(log.length);
        expect(state.chat?.seq ?? 0).toBe(lines.length);
        const seqs = [...state.messages.values()].map((message) => message.seq).sort((a, b) => a - b);
        expect(seqs).toEqual(lines);
      }),
    );
  });

  it('the rows kept from the images equal the state folded from all facts', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const { state, log } = run(steps);
        const folded = emptyState();
        for (const { actorId, now, fact, change } of log) {
          expect(record(folded, CHAT, actorId, now, fact)).toEqual(change);
        }
        expect({ ...folded, heir: null }).toEqual(state);
      }),
    );
  });

  it('a decision on the rows that it asked for is the decision on all rows', () => {
    fc.assert(
      fc.property(histories, groupSteps[0] ? fc.oneof(...groupSteps, deletion) : deletion, (steps, last) => {
        const world = run(steps);
        const command = last.make(world, 'last');
        const whole = { ...world.state, heir: heirOf(world.state, last.actorId) };
        const part = loaded(world, needsOf(last.actorId, command), last.actorId);
        expect(attempt(part, last.actorId, command)).toEqual(attempt(whole, last.actorId, command));
      }),
    );
  });

  it('whoever is not a member changes nothing and learns only that there is no such chat, or that a room is to be joined', () => {
    fc.assert(
      fc.property(histories, fc.oneof(...groupSteps, deletion), (steps, last) => {
        const world = run(steps);
        if (world.state.chat?.live && world.state.members.get(last.actorId)?.active) return;
        const before = world.log.length;
        const answer = perform(world, last, 'last');
        expect(answer).toBeInstanceOf(DomainError);
        const { chat } = world.state;
        expect((answer as DomainError).code).toBe(
          chat?.live && chat.kind === 'public' ? 'FORBIDDEN' : 'CHAT_NOT_FOUND',
        );
        expect(world.log.length).toBe(before);
      }),
    );
  });

  it('counts, owners and times stay true', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const { chat, members, messages } = run(steps).state;
        if (!chat) return;
        const active = [...members.values()].filter((member) => member.active);
        if (chat.live) expect(chat.memberCount).toBe(active.length);
        if (chat.live && chat.kind !== 'direct')
          expect(active.filter((m) => isAtLeast(m.role, 'owner'))).toHaveLength(1);
        const lines = [...messages.values()].sort((a, b) => a.seq - b.seq);
        expect(lines.map((line) => line.n)).toEqual(countsOfPeoplesLines(lines));
        expect(chat.n).toBe(lines.filter((line) => line.kind === 'text').length);
        const times = lines.map((line) => line.createdAt);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
    );
  });

  it('the same clientId of one person never makes a second message', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const { messages } = run(steps).state;
        const keys = [...messages.values()].map((message) => sendKey(message.senderId, message.clientId));
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

function countsOfPeoplesLines(lines: readonly Message[]): number[] {
  let n = 0;
  return lines.map((line) => {
    n += line.kind === 'text' ? 1 : 0;
    return n;
  });
}

function attempt(state: ChatState, actorId: string, command: Command): readonly Fact[] | string {
  try {
    return decide(state, actorId, command);
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}
