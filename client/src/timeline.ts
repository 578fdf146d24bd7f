import type { Message } from './contract.ts';
import type { Timeline } from './state.ts';

/** A window that people scroll through keeps so many lines; what is beyond, at the other end, is read again when it is wanted. */
const MAX_WINDOW = 500;

/** Of two images of one line the later one. */
const later = (a: Message, b: Message): Message => (b.rev > a.rev ? b : a);

/** A window over these lines, in any order. */
export function windowOf(lines: readonly Message[], ends: Pick<Timeline, 'hasOlder' | 'hasNewer'>): Timeline {
  return { messages: ordered(lines), ...ends };
}

/** Ordered by `seq`, each once. */
function ordered(lines: readonly Message[]): readonly Message[] {
  const bySeq = new Map<number, Message>();
  for (const line of lines) bySeq.set(line.seq, later(bySeq.get(line.seq) ?? line, line));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** Without so many of its newest lines that a page of older ones has room. */
export function withRoomBefore(timeline: Timeline, page: number): Timeline {
  const messages = timeline.messages.slice(0, MAX_WINDOW - page);
  return messages.length === timeline.messages.length ? timeline : { ...timeline, messages, hasNewer: true };
}

/** Without so many of its oldest lines that a page of newer ones has room. */
export function withRoomAfter(timeline: Timeline, page: number): Timeline {
  const messages = timeline.messages.slice(page - MAX_WINDOW);
  return messages.length === timeline.messages.length ? timeline : { ...timeline, messages, hasOlder: true };
}

/** With older lines before its own; without its newest ones if it gets too long. */
export function withOlder(timeline: Timeline, lines: readonly Message[], hasOlder: boolean): Timeline {
  const messages = ordered([...lines, ...timeline.messages]);
  const isTooLong = messages.length > MAX_WINDOW;
  return { messages: messages.slice(0, MAX_WINDOW), hasOlder, hasNewer: timeline.hasNewer || isTooLong };
}

/** With newer lines after its own; without its oldest ones if it gets too long. */
export function withNewer(timeline: Timeline, lines: readonly Message[], hasNewer: boolean): Timeline {
  const messages = ordered([...timeline.messages, ...lines]);
  const isTooLong = messages.length > MAX_WINDOW;
  return { messages: messages.slice(-MAX_WINDOW), hasOlder: timeline.hasOlder || isTooLong, hasNewer };
}

/**
 * After a line has come or has changed: in its place, or at the end of a window that is at the end of the history. While somebody
 * reads, nothing is taken from above but at twice the length.
 */
export function withLine(timeline: Timeline, line: Message): Timeline {
  const { messages, hasNewer } = timeline;
  const last = messages.at(-1);
  if (last && line.seq <= last.seq) return withImage(timeline, line);
  if (hasNewer) return timeline;
  if (last && line.seq > last.seq + 1) return { ...timeline, hasNewer: true };
  const longer = [...messages, line];
  if (longer.length <= 2 * MAX_WINDOW) return { ...timeline, messages: longer };
  return { messages: longer.slice(-MAX_WINDOW), hasOlder: true, hasNewer };
}

function withImage(timeline: Timeline, line: Message): Timeline {
  const index = timeline.messages.findIndex(({ seq }) => seq === line.seq);
  const known = timeline.messages[index];
  if (!known || later(known, line) === known) return timeline;
  return { ...timeline, messages: timeline.messages.with(index, line) };
}

/** How many lines of others wait above this mark; undefined where the window does not reach so far. */
export function countUnread({ messages, hasNewer }: Timeline, aboveSeq: number, me: string | null): number | undefined {
  const first = messages[0];
  if (hasNewer || !first || first.seq > aboveSeq + 1) return undefined;
  return messages.filter((line) => line.seq > aboveSeq && isUnreadOf(line, me) && line.deletedAt === null).length;
}

/** Whether a line counts as unread for this person: people's lines but one's own. */
export const isUnreadOf = ({ kind, senderId }: Message, me: string | null): boolean =>
  kind === 'text' && senderId !== me;
