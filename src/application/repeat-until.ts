import type { Clock, Logger } from './ports/services.ts';

/** Works in rounds, with a pause between them, until the signal. A round that fails is logged, and the next one tries again. */
export async function repeatUntil(
  signal: AbortSignal,
  round: () => Promise<void>,
  { name, everyMs, clock, logger }: { name: string; everyMs: number; clock: Clock; logger: Logger },
): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  while (!signal.aborted) {
    try {
      await round();
    } catch (error) {
      logger.warn({ err: error }, `${name} failed`);
    }
    await Promise.race([clock.sleep(everyMs), aborted]);
  }
}
