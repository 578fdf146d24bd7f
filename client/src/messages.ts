import type { Archive } from './archive.ts';
import type { EarlierText, FeedQuery, HistoryQuery, Message } from './contract.ts';
import type { Http, Query } from './http.ts';
import type { Draft, Outbox } from './outbox.ts';
import { withoutArrived } from './outgoing.ts';
import { withEntry, without } from './records.ts';
import { withCopiedLines, withImage, withPeopleOf } from './reduce.ts';
import type { Page, Replica } from './replica.ts';
import type { Timeline } from './state.ts';
import { windowOf, withLine, withNewer, withOlder, withRoomAfter, withRoomBefore } from './timeline.ts';

const PAGE = 50;

/** Sending, changing and reading messages. */
export class Messages {
  readonly #http: Http;
  readonly #replica: Replica;
  readonly #outbox: Outbox;
  readonly #archive: Archive | null;
  /** Windows that came out of the copy. */
  readonly #copied = new Set<string>();
  readonly #loads = new Map<string, Promise<void>>();
  /** Of the windows that were asked for, by chat the one that came: none that was asked for before takes its place. */
  readonly #windows = new Map<string, number>();
  #asked = 0;

  constructor(http: Http, replica: Replica, outbox: Outbox, archive: Archive | null) {
    this.#http = http;
    this.#replica = replica;
    this.#outbox = outbox;
    this.#archive = archive;
  }

  /**
   * Shows it at once, keeps it in the storage, and sends it when there is a link, after what was sent to this chat before. Resolves
   * with the message as it is stored; rejects when it is refused, and then it stays in `state.outbox`, marked. Nobody has to look.
   */
  send(chatId: string, message: string | Draft): Promise<Message> {
    return this.#outbox.send(chatId, typeof message === 'string' ? { content: message } : message);
  }

  /** Sends a refused message again. */
  retry(clientId: string): Promise<Message> {
    return this.#outbox.retry(clientId);
  }

  /** Takes back what has not been sent. One that is just being sent may arrive all the same. */
  discard(clientId: string): Promise<void> {
    return this.#outbox.discard(clientId);
  }

  async edit(chatId: string, messageId: string, content: string): Promise<Message> {
    const path = `chats/${chatId}/messages/${messageId}`;
    const message = await this.#http.request<Message>('PATCH', path, { body: { content } });
    this.#replica.update((state) => withImage(state, message));
    return message;
  }

  /** Leaves a tombstone. */
  delete(chatId: string, messageId: string): Promise<void> {
    return this.#http.request('DELETE', `chats/${chatId}/messages/${messageId}`);
  }

  /** What edits have replaced, the last ten, oldest first. */
  async earlierTexts(chatId: string, messageId: string): Promise<readonly EarlierText[]> {
    const path = `chats/${chatId}/messages/${messageId}/history`;
    return (await this.#http.request<{ items: readonly EarlierText[] }>('GET', path)).items;
  }

  /** Lines of one chat that pass all these filters, beside the store. */
  find(chatId: string, query: HistoryQuery): Promise<Page<Message>> {
    return this.#http.request('GET', `chats/${chatId}/messages`, { query: { ...query } });
  }

  /** What people wrote in all my chats, newest first. */
  feed(query: FeedQuery = {}): Promise<Page<Message>> {
    return this.#http.request('GET', 'messages', { query: { ...query } });
  }

  /** Sets the window of this chat to its newest lines, unless it is there already. */
  loadNewest(chatId: string): Promise<void> {
    return this.#once(chatId, 'newest', async (timeline) => {
      if (timeline ? !timeline.hasNewer : this.#restore(chatId)) return;
      await this.#readWindow(chatId, {});
    });
  }

  /** Sets the window to the lines around this one, unless it is in it already. */
  loadAround(chatId: string, seq: number): Promise<void> {
    return this.#once(chatId, `around ${seq}`, async (timeline) => {
      if (!timeline) this.#restore(chatId);
      if (this.#replica.state.timelines[chatId]?.messages.some((line) => line.seq === seq)) return;
      await this.#readWindow(chatId, { around: seq });
    });
  }

  /** Adds older lines to the window. */
  loadOlder(chatId: string): Promise<void> {
    return this.#once(chatId, 'older', async (timeline) => {
      const first = timeline?.messages[0];
      if (!first || !timeline?.hasOlder) return;
      this.#makeRoom(chatId, withRoomBefore);
      await this.#read(chatId, { before: first.seq }, (known, lines, { nextCursor }) =>
        known?.messages[0]?.seq === first.seq ? withOlder(known, lines, nextCursor !== null) : known,
      );
    });
  }

  /** Adds newer lines to a window that does not reach the end. */
  loadNewer(chatId: string): Promise<void> {
    return this.#once(chatId, 'newer', async (timeline) => {
      const last = timeline?.messages.at(-1);
      if (!last || !timeline?.hasNewer) return;
      this.#makeRoom(chatId, withRoomAfter);
      await this.#read(chatId, { after: last.seq }, (known, lines) => {
        if (known?.messages.at(-1)?.seq !== last.seq) return known;
        const end = lines.at(-1)?.seq ?? last.seq;
        return withNewer(known, lines, end < this.#headOf(chatId));
      });
    });
  }

  /** The link is there: what is shown of the copy is read again. */
  resume(): void {
    for (const chatId of this.#copied) if (this.#replica.state.timelines[chatId]) this.#replica.refresh(chatId);
    this.#copied.clear();
  }

  /** Forgets the window of a chat that nobody looks at. */
  drop(chatId: string): void {
    this.#replica.update((state) => ({ ...state, timelines: without(state.timelines, chatId) }));
  }

  /** Shows what the copy has of a chat, while there is no link to ask. Tells whether that is anything. */
  #restore(chatId: string): boolean {
    const lines = this.#archive?.linesOf(chatId) ?? [];
    this.#replica.update((state) => withCopiedLines(state, chatId, lines));
    const isShown = this.#replica.state.timelines[chatId] !== undefined;
    if (isShown) this.#copied.add(chatId);
    return isShown;
  }

  /** At one end before the other grows: a virtual list keeps its place only while one end changes at a time. */
  #makeRoom(chatId: string, shorten: typeof withRoomBefore): void {
    this.#replica.update((state) => {
      const timeline = state.timelines[chatId];
      return timeline ? { ...state, timelines: withEntry(state.timelines, chatId, shorten(timeline, PAGE)) } : state;
    });
  }

  #headOf(chatId: string): number {
    return this.#replica.state.chats[chatId]?.seq ?? 0;
  }

  #readWindow(chatId: string, query: Query): Promise<void> {
    this.#asked += 1;
    const mine = this.#asked;
    return this.#read(chatId, query, (known, lines, { nextCursor }) => {
      if (mine < (this.#windows.get(chatId) ?? 0)) return known;
      this.#windows.set(chatId, mine);
      if (query.around === undefined) return windowOf(lines, { hasOlder: nextCursor !== null, hasNewer: false });
      const [first = 0, last = 0] = [lines[0]?.seq, lines.at(-1)?.seq];
      return windowOf(lines, { hasOlder: first > 1, hasNewer: last < this.#headOf(chatId) });
    });
  }

  /** Reads one page and puts it into the window, together with what has happened to its lines meanwhile. */
  async #read(
    chatId: string,
    query: Query,
    put: (known: Timeline | undefined, lines: readonly Message[], page: Page<Message>) => Timeline | undefined,
  ): Promise<void> {
    const path = `chats/${chatId}/messages`;
    const [page, changed] = await this.#replica.collect(chatId, () =>
      this.#http.request<Page<Message>>('GET', path, { query: { limit: PAGE, ...query } }),
    );
    this.#replica.update((state) => {
      const lines = page.items.toSorted((a, b) => a.seq - b.seq);
      const isEnd = query.before === undefined && query.around === undefined;
      const window = put(state.timelines[chatId], withChanges(lines, changed, isEnd), page);
      if (!window || !state.chats[chatId]) return state;
      const known = withPeopleOf(state, page.items);
      return withoutArrived({ ...known, timelines: withEntry(known.timelines, chatId, window) }, chatId);
    });
  }

  /** Calls for the same thing at the same time are one. */
  #once(chatId: string, what: string, load: (timeline: Timeline | undefined) => Promise<void>): Promise<void> {
    const key = `${chatId} ${what}`;
    const running = this.#loads.get(key) ?? load(this.#replica.state.timelines[chatId]);
    this.#loads.set(key, running);
    return running.finally(() => this.#loads.delete(key));
  }
}

/** A page, in order, with the lines that changed or came while it was read. Before an empty page there is nothing to come after. */
function withChanges(lines: readonly Message[], changed: readonly Message[], isEnd: boolean): readonly Message[] {
  if (lines.length === 0 && !isEnd) return lines;
  const page: Timeline = { messages: lines, hasOlder: true, hasNewer: false };
  return changed.toSorted((a, b) => a.seq - b.seq).reduce(withLine, page).messages;
}
