import type { ChatLog } from '../../src/application/ports/persistence.ts';
import { type ChatState, type Commit, imagesOf, record } from '../../src/domain/changes.ts';
import { type Command, decide, type Needs, needsOf } from '../../src/domain/decide.ts';
import type { ChatId, UserId } from '../../src/domain/ids.ts';
import type { Message } from '../../src/domain/message.ts';
import { aDraft, anId } from './builders.ts';

export const NEEDS_NOTHING: Needs = { members: [], messages: [], sendKeys: [], heir: false };

/** What these commands of one person need together. */
export function needsOfAll(actorId: UserId, commands: readonly Command[]): Needs {
  const all = commands.map((command) => needsOf(actorId, command));
  return {
    members: all.flatMap((needs) => needs.members),
    messages: all.flatMap((needs) => needs.messages),
    sendKeys: all.flatMap((needs) => needs.sendKeys),
    heir: all.some((needs) => needs.heir),
  };
}

/** Folds these commands into the state and gives the commit that says so; null where they change nothing. */
export function commitOf(
  state: ChatState,
  chatId: ChatId,
  actorId: UserId,
  ...commands: readonly Command[]
): Commit | null {
  const now = Date.now();
  const changes = commands.flatMap((command) =>
    decide(state, actorId, command).map((fact) => record(state, chatId, actorId, now, fact)),
  );
  const [first, last] = [changes[0], changes.at(-1)];
  if (!first || !last) return null;
  const images = imagesOf(state, changes);
  return { id: anId(), chatId, firstRev: first.rev, lastRev: last.rev, at: last.at, changes, images };
}

/** Load and decide: the commit as it would be appended now. */
export async function propose(log: ChatLog, chatId: ChatId, actorId: UserId, ...commands: Command[]): Promise<Commit> {
  const state = await log.load(chatId, needsOfAll(actorId, commands), null);
  const commit = commitOf(state, chatId, actorId, ...commands);
  if (!commit) throw new Error('these commands change nothing');
  return commit;
}

/** One append of one commit. */
export async function appendOne(log: ChatLog, commit: Commit): Promise<'stored' | 'conflict'> {
  const [answer] = log.append([commit]);
  if (!answer) throw new Error('one promise per commit');
  return answer;
}

/** The bare loop: load, decide, append, and again after a conflict. Null where there is nothing to do. */
export async function perform(
  log: ChatLog,
  chatId: ChatId,
  actorId: UserId,
  ...commands: Command[]
): Promise<Commit | null> {
  const needs = needsOfAll(actorId, commands);
  for (;;) {
    const commit = commitOf(await log.load(chatId, needs, null), chatId, actorId, ...commands);
    if (!commit || (await appendOne(log, commit)) === 'stored') return commit;
  }
}

export const creation = (memberIds: readonly UserId[], name = 'a group'): Command => ({
  type: 'chat.create',
  kind: 'group',
  name,
  memberIds,
  lineId: anId(),
});

/** A group of this owner and these members; its first line is the system line of its creation. */
export async function createGroup(log: ChatLog, owner: UserId, members: readonly UserId[] = []): Promise<ChatId> {
  const chatId = anId();
  await perform(log, chatId, owner, creation(members));
  return chatId;
}

export const sending = (...contents: string[]): Command => ({
  type: 'message.send',
  drafts: contents.map((content) => aDraft(content)),
});

/** Sends these texts in one commit and gives the stored messages, in their order. */
export async function say(log: ChatLog, chatId: ChatId, senderId: UserId, ...contents: string[]): Promise<Message[]> {
  const commit = await perform(log, chatId, senderId, sending(...contents));
  return [...(commit?.images.messages ?? [])];
}

/** The only thing in a list of one. */
export function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined || list.length !== 1) throw new Error(`one thing was expected, not ${list.length}`);
  return first;
}
