import type { ChangeView } from '../../application/chat-service.ts';
import type { Message } from '../../domain/message.ts';
import { type People, presentMessage, presentSharedChange, presentTime } from '../present.ts';

/** What this turn of the event loop has made so far. */
const encoded = new Map<Message, string>();

/** A message as JSON. Kept until the turn ends: its sender's ack and everybody's event hold the same text. */
function messageJson(message: Message, people: People): string {
  let json = encoded.get(message);
  if (json === undefined) {
    json = JSON.stringify(presentMessage(message, people));
    if (encoded.size === 0) setImmediate(() => encoded.clear());
    encoded.set(message, json);
  }
  return json;
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
