import { AsyncLocalStorage } from 'node:async_hooks';
import { ChatWriter, type Outcome } from '../application/chat-writer.ts';
import type { Command } from '../domain/decide.ts';
import type { ChatId, UserId } from '../domain/ids.ts';
import type { Tracing } from './telemetry.ts';

/** What a request or a command has stored: with it, its line in the log is joined to that of the append. */
export interface Trail {
  chatId?: ChatId;
  /** The last rev that it stored there. */
  rev?: number;
}

export const trails = new AsyncLocalStorage<Trail>();

/** Notes on the trail of whoever submits a command what became of it. */
export class TrailedChatWriter extends ChatWriter {
  readonly #tracing: Tracing | undefined;

  constructor({ tracing, ...deps }: ConstructorParameters<typeof ChatWriter>[0] & { tracing: Tracing | undefined }) {
    super(deps);
    this.#tracing = tracing;
  }

  override async submit(chatId: ChatId, actorId: UserId, command: Command): Promise<Outcome> {
    const write = () => super.submit(chatId, actorId, command);
    const outcome = await (this.#tracing ? this.#tracing.writing(write) : write());
    const [trail, rev] = [trails.getStore(), outcome.changes.at(-1)?.rev];
    if (trail && rev !== undefined) Object.assign(trail, { chatId, rev });
    return outcome;
  }
}
