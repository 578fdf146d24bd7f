/** The messages on their way, as the state shows them. */
import type { Message } from './contract.ts';
import { withEntry } from './records.ts';
import { filterOutbox } from './reduce.ts';
import type { OutgoingMessage, ParleyState } from './state.ts';

/** A `clientId` is one message's within a chat. */
export const idOf = ({ chatId, clientId }: Pick<Message, 'chatId' | 'clientId'>): string => `${chatId}/${clientId}`;

/** In one chat, or in the first that has it. */
export function findOutgoing({ outbox }: ParleyState, clientId: string, chatId?: string): OutgoingMessage | undefined {
  const messages = chatId === undefined ? Object.values(outbox).flat() : outbox[chatId];
  return messages?.find((message) => message.clientId === clientId);
}

/** Whose turn it is to be sent. */
export const nextOf = ({ outbox }: ParleyState, chatId: string): OutgoingMessage | undefined =>
  outbox[chatId]?.find(({ status }) => status === 'waiting');

/** With this message in its place, as it is now. */
export function withOutgoing(state: ParleyState, message: OutgoingMessage): ParleyState {
  const { chatId, clientId } = message;
  const others = (state.outbox[chatId] ?? []).filter((other) => other.clientId !== clientId);
  return { ...state, outbox: withEntry(state.outbox, chatId, inOrder([...others, message])) };
}

/** What the storage has, and what it does not have but this tab does. What says the same as before keeps its identity. */
export function withStored(
  state: ParleyState,
  stored: readonly OutgoingMessage[],
  { unsaved, gone }: { readonly unsaved: ReadonlySet<string>; readonly gone: ReadonlySet<string> },
): ParleyState {
  const shown = Object.values(state.outbox).flat();
  const kept = shown.filter((one) => one.status === 'sent' || unsaved.has(idOf(one)));
  const isElsewhere = new Set([...kept.map(idOf), ...gone]);
  const before = new Map(shown.map((one) => [idOf(one), one]));
  const others = stored
    .filter((one) => !isElsewhere.has(idOf(one)) && !isInHistory(state, one))
    .map((one) => sameOr(before.get(idOf(one)), one));
  const byChat = Map.groupBy(inOrder([...others, ...kept]), ({ chatId }) => chatId);
  const outbox = Object.fromEntries([...byChat].map(([id, messages]) => [id, sameOr(state.outbox[id], messages)]));
  return { ...state, outbox: sameOr(state.outbox, outbox) };
}

/** After lines of a chat were read: another tab may have sent what is shown on its way here. */
export const withoutArrived = (state: ParleyState, chatId: string): ParleyState =>
  filterOutbox(state, chatId, (one) => !isInHistory(state, one));

/** Whether the line itself has come already, before another tab could take it out of the storage. */
function isInHistory({ chats, timelines, userId }: ParleyState, { chatId, clientId }: OutgoingMessage): boolean {
  const lines = [chats[chatId]?.lastMessage, ...(timelines[chatId]?.messages ?? [])];
  return lines.some((line) => line?.senderId === userId && line?.clientId === clientId);
}

const inOrder = (messages: readonly OutgoingMessage[]): OutgoingMessage[] =>
  messages.toSorted((a, b) => a.order - b.order || (a.clientId < b.clientId ? -1 : 1));

const sameOr = <T>(before: T | undefined, now: T): T =>
  before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now;
