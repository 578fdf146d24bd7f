const FIRST_MS = 500;
const GREATEST_MS = 30_000;

/**
 * How long to wait before the next try, when so many have failed: anything between nothing and a bound that doubles ("full
 * jitter"), so that a server that comes back is not met by everybody at once.
 */
export const backoffMs = (failures: number): number =>
  Math.random() * Math.min(GREATEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));

/** A wait that can be cut short. */
export interface Pause {
  readonly over: Promise<void>;
  end(): void;
}

export function pause(ms: number): Pause {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const end = () => {
    clearTimeout(timer);
    resolve();
  };
  return { over: promise, end };
}

/** Runs `step` once the events that are already waiting have been read, even in a hidden page, where timers hardly run. */
export const soon: (step: () => void) => void =
  typeof setImmediate === 'function'
    ? (step) => void setImmediate(step)
    : (step) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          step();
        };
        port2.postMessage(null);
      };
