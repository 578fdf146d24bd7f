import type { Logger } from '../../src/application/ports/services.ts';

/** Keeps what is logged. */
export class RecordingLogger implements Logger {
  readonly lines: { readonly level: 'info' | 'warn' | 'error'; readonly facts: object; readonly message: string }[] =
    [];

  info(facts: object, message: string): void {
    this.lines.push({ level: 'info', facts, message });
  }

  warn(facts: object, message: string): void {
    this.lines.push({ level: 'warn', facts, message });
  }

  error(facts: object, message: string): void {
    this.lines.push({ level: 'error', facts, message });
  }
}
