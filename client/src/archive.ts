import type { StoreApi } from 'zustand/vanilla';
import type { Chat, Me, Message } from './contract.ts';
import type { ParleyState } from './state.ts';
import type { ParleyStorage } from './storage.ts';

/** What a client had, for when there is no link. */
export interface Copy {
  readonly epoch: string;
  readonly me: Me | null;
  readonly chats: readonly Chat[];
  /** The newest lines of chats, of that which was looked into last at the end. */
  readonly lines: readonly (readonly [chatId: string, lines: readonly Message[]])[];
}

const CHATS_WITH_LINES = 30;
const LINES = 50;
/** A copy of a thousand chats takes some 10 ms. */
const PAUSE_MS = 5_000;

/**
 * Keeps in the storage what is to be readable when the page is opened without a link: the chats, and the newest lines of those that
 * were looked into last. It is one person's, and is wiped when he is signed out.
 */
export class Archive {
  readonly #storage: ParleyStorage;
  readonly #store: StoreApi<ParleyState>;
  readonly #epoch: () => string | null;
  readonly #lines = new Map<string, readonly Message[]>();
  #userId: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saved: ParleyState | null = null;

  /** @param epoch - that of the state, if it is worth keeping: the server's, and not a copy itself */
  constructor(storage: ParleyStorage, store: StoreApi<ParleyState>, epoch: () => string | null) {
    this.#storage = storage;
    this.#store = store;
    this.#epoch = epoch;
    store.subscribe(() => this.#saveSoon());
  }

  /** What the storage has of this person, who is here from now on. */
  async open(userId: string): Promise<Copy | undefined> {
    const copy = (await this.#storage.get(keyOf(userId)).catch(() => undefined)) as Copy | undefined;
    this.#userId = userId;
    globalThis.document?.addEventListener('visibilitychange', this.#saveWhenHidden);
    for (const [chatId, lines] of copy?.lines ?? []) this.#lines.set(chatId, lines);
    return copy;
  }

  linesOf(chatId: string): readonly Message[] {
    return this.#lines.get(chatId) ?? [];
  }

  /** Forgets everything of this person, here and in the storage. */
  async clear(userId: string): Promise<void> {
    await this.close();
    await this.#storage.delete(keyOf(userId));
  }

  /** Lets go of this person. Resolves when the storage has what there was to keep. */
  async close(): Promise<void> {
    globalThis.document?.removeEventListener('visibilitychange', this.#saveWhenHidden);
    const saving = this.#save();
    this.#userId = null;
    this.#saved = null;
    this.#lines.clear();
    await saving;
  }

  readonly #saveWhenHidden = () => document.hidden && void this.#save();

  #saveSoon(): void {
    if (this.#userId !== null) this.#timer ??= setTimeout(() => void this.#save(), PAUSE_MS);
  }

  async #save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [state, before, epoch] = [this.#store.getState(), this.#saved, this.#epoch()];
    const { userId, me, chats, timelines } = state;
    if (userId === null || userId !== this.#userId || epoch === null) return;
    if (before?.me === me && before?.chats === chats && before?.timelines === timelines) return;
    this.#saved = state;
    for (const [chatId, timeline] of Object.entries(timelines)) {
      if (timeline.hasNewer || timeline === before?.timelines[chatId]) continue;
      this.#lines.delete(chatId);
      this.#lines.set(chatId, timeline.messages.slice(-LINES));
    }
    for (const chatId of this.#lines.keys()) {
      if (!chats[chatId] || this.#lines.size > CHATS_WITH_LINES) this.#lines.delete(chatId);
    }
    const copy: Copy = { epoch, me, chats: Object.values(chats), lines: [...this.#lines] };
    await this.#storage.set(keyOf(userId), copy).catch(() => undefined); // what is shown does not need it
  }
}

const keyOf = (userId: string): string => `copy/${userId}`;
