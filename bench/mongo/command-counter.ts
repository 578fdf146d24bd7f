import type { CommandStartedEvent } from 'mongodb';

/** The documents of one stored batch of messages, as the driver was given them. */
export interface Batch {
  readonly commit: Doc;
  readonly messages: readonly Doc[];
  readonly chat: Doc;
}

export type Doc = Readonly<Record<string, unknown>>;

export interface CommandReport {
  /** Commits: the batches of one chat. */
  readonly batches: number;
  readonly messages: number;
  /** The commands of all batches, each counted once. */
  readonly commands: number;
  /** The commands of the batch that took the most; one for several chats counts in each of their batches. */
  readonly most: readonly string[];
  /** The batch stored last. */
  readonly sample: Batch | null;
}

interface Tally {
  readonly commands: string[];
  messages: number;
}

/** What this counter reads of a command. */
interface Command {
  readonly insert?: string;
  readonly update?: string;
  readonly find?: string;
  readonly documents?: readonly Doc[];
  readonly updates?: readonly { readonly q: Doc; readonly u: Doc }[];
  readonly filter?: Doc;
}

/**
 * Follows the driver's command monitoring and says which batch each command belongs to: reads to the commit that comes after
 * them, settling to the commits that it names, the rest to their chat's last commit.
 */
export class CommandCounter {
  readonly #byCommit = new Map<unknown, Tally>();
  readonly #current = new Map<unknown, Tally>();
  readonly #reads = new Map<unknown, string[]>();
  #commands = 0;
  #commit: Doc = {};
  #messages: readonly Doc[] = [];
  #sample: Batch | null = null;

  see({ commandName, command }: CommandStartedEvent): void {
    const { insert, update, find, documents = [], updates = [], filter = {} }: Command = command;
    const name = `${commandName} ${command[commandName]}`;
    const { q = {}, u = {} } = updates[0] ?? {};
    if (insert === 'commits') this.#begin(documents[0] ?? {}, name);
    else if (insert === 'messages') this.#write(documents, name);
    else if (update === 'commits') this.#settle(q, name);
    else if (update === 'chats') this.#moveHead(q, u, name);
    else if (update !== undefined) this.#count(q.chatId, name);
    else if (find !== undefined) this.#read(find === 'chats' ? filter._id : filter.chatId, name);
  }

  /** What was seen since the last report. */
  report(): CommandReport {
    const tallies = [...this.#byCommit.values()];
    const report = {
      batches: tallies.length,
      messages: tallies.reduce((sum, { messages }) => sum + messages, 0),
      commands: this.#commands,
      most: tallies.reduce<string[]>((most, { commands }) => (commands.length > most.length ? commands : most), []),
      sample: this.#sample,
    };
    this.#byCommit.clear();
    this.#reads.clear();
    this.#commands = 0;
    return report;
  }

  #begin(commit: Doc, name: string): void {
    const { _id: id, chatId } = commit;
    const reads = this.#reads.get(chatId) ?? [];
    const tally = { commands: [...reads, name], messages: 0 };
    this.#commands += tally.commands.length;
    this.#reads.delete(chatId);
    this.#byCommit.set(id, tally);
    this.#current.set(chatId, tally);
    this.#commit = commit;
  }

  #write(messages: readonly Doc[], name: string): void {
    const chatId = messages[0]?.chatId;
    const tally = this.#current.get(chatId);
    if (tally) tally.messages += messages.length;
    this.#count(chatId, name);
    this.#messages = messages;
  }

  #moveHead({ _id: chatId }: Doc, { $set: chat }: Doc, name: string): void {
    this.#count(chatId, name);
    const [commit, messages] = [this.#commit, this.#messages];
    const isWhole = commit.chatId === chatId && messages[0]?.chatId === chatId;
    if (isWhole) this.#sample = { commit, messages, chat: chat as Doc };
  }

  #settle({ _id: these }: Doc, name: string): void {
    const { $in: ids = [] } = (these ?? {}) as { $in?: readonly unknown[] };
    for (const id of ids) this.#byCommit.get(id)?.commands.push(name);
    this.#commands += 1;
  }

  #count(chatId: unknown, name: string): void {
    this.#current.get(chatId)?.commands.push(name);
    this.#commands += 1;
  }

  #read(chatId: unknown, name: string): void {
    if (typeof chatId === 'string') this.#reads.set(chatId, [...(this.#reads.get(chatId) ?? []), name]);
  }
}
