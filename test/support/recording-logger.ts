import type { Logger } from '../../src/application/ports/services.ts';

/** Keeps what is logged. */
export class RecordingLogger implements Logger {
  readonly lines: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly facts: object;
    readonly message: string;
  }[] = [];

  debug(facts: object, message: string): void {
    this.lines.push({ level: 'debug', facts, message });
  }

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
