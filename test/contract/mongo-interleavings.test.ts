import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Commit } from '../../src/domain/changes.ts';
import type { Command } from '../../src/domain/decide.ts';
import { aDraft, anId } from '../support/builders.ts';
import { creation, perform, sending } from '../support/chat-actions.ts';
import { withMongo } from '../support/mongo.ts';
import { nodesForEachTest } from '../support/mongo-nodes.ts';
import { ACTORS, type Link, Play, type Scenario, type Wish } from '../support/mongo-play.ts';

/** How many scenarios of each kind are played; fewer where the machine is busy. */
const RUNS = 80;
const LIMIT_MS = 25_000;
/** All interleavings of a pair are played, however long it takes. */
const PATIENCE_MS = 300_000;

const hello = (): Command => ({ type: 'message.send', drafts: [aDraft('hello')], peerId: 'bob' });
/** What has happened in a chat before, by Ann. */
const GROUP = () => [creation(['bob', 'cem']), sending('hello')];
const DIRECT = () => [hello()];
const NOTHING = () => [];

const send = (by: string, clientId = '1'): Wish => ({ do: 'send', by, clientId });
const remove = (who: string): Wish => ({ do: 'remove', by: 'ann', who });
const add = (who: string): Wish => ({ do: 'add', by: 'ann', who });

/** Pairs of wishes of which the one can spoil the other. */
const PAIRS: readonly (readonly [string, () => Command[], Wish, Wish])[] = [
  ['one message, sent twice', GROUP, send('ann'), send('ann')],
  ['the removal of a member and his message', GROUP, remove('cem'), send('cem')],
  ['an edit and the deletion of a message', GROUP, { do: 'edit', by: 'ann' }, { do: 'erase', by: 'ann' }],
  ['the same new member, added twice', GROUP, add('dan'), add('dan')],
  ['the deletion of a chat and a message', GROUP, { do: 'delete', by: 'ann' }, send('bob')],
  ['the deletion of a direct chat and a message that opens it', DIRECT, { do: 'delete', by: 'ann' }, send('bob')],
  ['two messages that open a direct chat', NOTHING, send('ann'), send('bob')],
];

const people = ['ann', 'bob', 'cem'] as const;
const aSend = (...of: string[]): fc.Arbitrary<Wish> =>
  fc.tuple(fc.constantFrom(...of), fc.constantFrom('1', '2')).map((args) => send(...args));
const aMember = fc.constantFrom('cem', 'dan').chain((who) => fc.constantFrom(add(who), remove(who)));
const one = (what: 'edit' | 'erase' | 'rename' | 'delete' | 'open', ...of: string[]): fc.Arbitrary<Wish> =>
  fc.constantFrom(...of).map((by) => ({ do: what, by }));

const IN_GROUP = fc.oneof(
  { weight: 3, arbitrary: aSend(...people) },
  { weight: 4, arbitrary: aMember },
  ...[one('edit', 'ann'), one('erase', 'ann'), one('rename', 'bob'), one('delete', 'ann')],
);
const IN_DIRECT = fc.oneof(
  { weight: 3, arbitrary: aSend('ann', 'bob') },
  { weight: 2, arbitrary: one('delete', 'ann', 'bob') },
  ...[one('open', 'ann', 'bob'), one('edit', 'ann'), one('erase', 'ann')],
);

const scenario = (wish: fc.Arbitrary<Wish>): fc.Arbitrary<Scenario> => {
  const turns = fc.array(fc.array(wish, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 });
  const link = fc.oneof({ weight: 4, arbitrary: fc.constant<Link>('fine') }, fc.constantFrom<Link>('lost', 'late'));
  const turn = fc.record({ who: fc.constantFrom(...ACTORS), steps: fc.integer({ min: 1, max: 9 }) });
  return fc.record({
    nodes: fc.tuple(turns, turns),
    links: fc.tuple(fc.array(link, { maxLength: 4 }), fc.array(link, { maxLength: 4 })),
    death: fc.option(fc.record({ node: fc.nat(1), after: fc.nat(25) })),
    isSwept: fc.boolean(),
    order: fc.array(turn, { maxLength: 30 }),
  });
};

await withMongo('MongoDB, step by step', (mongo) => {
  const nodes = nodesForEachTest(mongo);

  /** Plays a scenario in a chat of its own with this past, and gives what was done. */
  async function play(past: () => Command[], given: Scenario): Promise<readonly string[]> {
    const chatId = anId();
    const commits: Commit[] = [];
    for (const command of past()) {
      const commit = await perform(nodes.store.chatLog, chatId, 'ann', command);
      if (commit) commits.push(commit);
    }
    const played = new Play(nodes, chatId, commits, past !== GROUP);
    await played.run(given).catch((error: unknown) => {
      throw new Error(`after\n${played.trace.join('\n')}`, { cause: error });
    });
    return played.trace;
  }

  describe('two nodes, however the steps of the one fall between those of the other, keep every promise', () => {
    /** The first goes on for so many steps, then the second for so many, then each to its end: every such pair of numbers. */
    test.each(PAIRS)(
      '%s',
      async (_, past, first, second) => {
        const calm = { links: [], death: null, isSwept: false };
        let longest = 0;
        for (let lead = 0; lead <= longest; lead += 1) {
          for (let reply = 0, isOver = false; !isOver; reply += 1) {
            const order = [
              { who: 'node 0', steps: lead },
              { who: 'node 1', steps: reply },
              { who: 'node 0', steps: 1_000 },
            ] as const;
            const trace = await play(past, { ...calm, nodes: [[[first]], [[second]]], order });
            const others = trace.slice(lead).findIndex((step) => step.startsWith('node 0'));
            isOver = others < 0 || others < reply;
            if (lead === 0 && reply === 0) longest = trace.findIndex((step) => step.startsWith('node 1'));
          }
        }
        expect(longest).toBeGreaterThan(3);
      },
      PATIENCE_MS,
    );
  });

  test('two nodes, the sweep and the purge, with deaths and bad links, keep every promise in a group', async () => {
    const property = fc.asyncProperty(scenario(IN_GROUP), async (given) => void (await play(GROUP, given)));
    await fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS });
  });

  test.each([
    ['that is deleted and opened again', DIRECT],
    ['that nobody has opened yet', NOTHING],
  ])('and in a direct chat %s', async (_, past) => {
    const property = fc.asyncProperty(scenario(IN_DIRECT), async (given) => void (await play(past, given)));
    await fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS });
  });
});
