import type { ChangeView } from '../../application/chat-service.ts';
import type { Message } from '../../domain/message.ts';
import { type People, presentMessage, presentSharedChange, presentTime } from '../present.ts';

/**
 * What this turn of the event loop has made so far. Each turn has a map of its own: V8 links the table of a map that is cleared
 * to its next one, so once such a table is old, all that any later turn puts in outlives the collections of the young.
 */
let encoded: Map<Message, string> | null = null;

/** A message as JSON. Kept until the turn ends: its sender's ack and everybody's event hold the same text. */
function messageJson(message: Message, people: People): string {
  encoded ??= newTurn();
  let json = encoded.get(message);
  if (json === undefined) {
    json = JSON.stringify(presentMessage(message, people));
    encoded.set(message, json);
  }
  return json;
}

function newTurn(): Map<Message, string> {
  setImmediate(() => {
    encoded = null;
  });
  return new Map();
}

export const encodeMessageAck = (id: string, message: Message, people: People): string =>
  `{"type":"ack","id":${JSON.stringify(id)},"message":${messageJson(message, people)}}`;

/** The frame of a change that is the same for everybody who may see it. */
export function encodeSharedChange(view: ChangeView, people: People): string {
  const { change, message, chat } = view;
  if (!message || !change.type.startsWith('message.') || message.seq <= chat.floorSeq) {
    return JSON.stringify(presentSharedChange(view, people));
  }
  const { type, rev, seq, at, actorId } = change;
  const head = JSON.stringify({ type, chatId: chat.id, rev, seq, at: presentTime(at), actorId }).slice(0, -1);
  return `${head},"data":{"message":${messageJson(message, people)}}}`;
}
