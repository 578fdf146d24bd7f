import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Store, StoreError } from '../../src/application/ports/persistence.ts';
import type { Change } from '../../src/domain/changes.ts';
import type { Command } from '../../src/domain/decide.ts';
import { openSqliteStore } from '../../src/infrastructure/sqlite/sqlite-store.ts';
import { anId } from '../support/builders.ts';
import { createGroup, sending } from '../support/chat-actions.ts';
import { adding, aWriterNode, fate, removing, textsIn, type WriterNode } from '../support/writer-node.ts';

/** Two writers on one store, and all that may come between any two of their steps. */

const WHAT = {
  send: () => sending(anId()),
  'remove bob': () => removing('bob'),
  'add bob': () => adding('bob'),
} satisfies Record<string, () => Command>;

interface Step {
  readonly me: string;
  readonly what: keyof typeof WHAT;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ me: fc.constantFrom('ann', 'bob', 'sam'), what: fc.constant('send' as const) }), weight: 3 },
  fc.record({ me: fc.constant('ann'), what: fc.constantFrom('remove bob' as const, 'add bob' as const) }),
);
/** What a node is asked for: so many commands at once, and the next when these have been answered. */
const requests = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 5 });
/** What becomes of a node's appends: the answer comes, or is lost before or after the store has done it. */
const faults = fc.array(fc.constantFrom('none', 'none', 'before', 'after'), { maxLength: 6 });
const node = fc.record({ requests, faults });

/** A node each of whose steps waits until the scheduler lets it go on. Its time stands still, and it never sleeps. */
function aSteppedNode(
  store: Store,
  scheduler: fc.Scheduler,
  name: string,
  faultsToCome: readonly string[],
): WriterNode {
  const node = aWriterNode(store);
  node.clock.sleep = async () => undefined;
  const mayGoOn = (label: string) => scheduler.schedule(Promise.resolve(), `${name} ${label}`);
  const lost = new StoreError('unknown', new Error('time-out'));
  node.log.beforeLoad = () => mayGoOn('loads');
  node.log.appending = async (_, store) => {
    const fault = faultsToCome[node.log.appends.length - 1];
    await mayGoOn('appends');
    if (fault === 'before') throw lost;
    const answer = await store();
    await mayGoOn('is answered');
    if (fault === 'after') throw lost;
    return answer;
  };
  return node;
}

/** Puts these requests to a node, one after the other; gives the texts that were acknowledged. */
async function ask({ writer }: WriterNode, chatId: string, requests: readonly (readonly Step[])[]): Promise<string[]> {
  const acknowledged: string[] = [];
  for (const request of requests) {
    const answers = request.map(async ({ me, what }) => {
      const command = WHAT[what]();
      const answer = await fate(writer.submit(chatId, me, command));
      if (answer === 1 && command.type === 'message.send') {
        acknowledged.push(...command.drafts.map((draft) => draft.content));
      }
    });
    await Promise.all(answers);
  }
  return acknowledged;
}

/** Whoever did something in Ann's group was a member when he did. */
function expectOnlyMembersActed(changes: readonly Change[]): void {
  const members = new Set(['ann']);
  for (const { type, actorId, userIds } of changes) {
    expect(members).toContain(actorId);
    for (const userId of userIds) {
      if (type === 'member.removed') members.delete(userId);
      else members.add(userId);
    }
  }
}

test('in any order of their steps, two writers store what they acknowledge, once, and only what members did', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), node, node, async (scheduler, one, other) => {
      const store = await openSqliteStore({ dataDir: ':memory:' });
      const chatId = await createGroup(store.chatLog, 'ann', ['bob']);
      const asked = [one, other].map(({ requests, faults }, i) => {
        const node = aSteppedNode(store, scheduler, `node ${i}`, faults);
        return { node, acknowledged: ask(node, chatId, requests) };
      });
      const acknowledged = (await scheduler.waitFor(Promise.all(asked.map((node) => node.acknowledged)))).flat();

      const changes = await store.chatLog.changesAfter(chatId, 0, 1000);
      expect((await textsIn(store, chatId)).sort()).toEqual(acknowledged.sort());
      expect(changes.map((change) => change.rev)).toEqual(changes.map((_, i) => i + 1));
      expectOnlyMembersActed(changes);
      const published = asked.flatMap(({ node }) => node.published.flatMap((commit) => commit.changes));
      expect(published.sort((a, b) => a.rev - b.rev)).toEqual(changes.slice(1));
      await store.close();
    }),
    { numRuns: 200 },
  );
});
