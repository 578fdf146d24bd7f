import { ParleyError } from 'parley-client';
import { useCallback, useRef, useState } from 'react';
import type { Texts } from '../texts/en.ts';
import { useTexts } from '../texts/texts.ts';

/** What a failure says to a person. */
export function problemText(error: unknown, t: Texts): string {
  const code = error instanceof ParleyError ? error.code : '';
  return t.problems[code] ?? t.somethingWrong;
}

interface Action<A extends readonly unknown[]> {
  readonly run: (...args: A) => Promise<void>;
  readonly isBusy: boolean;
  /** Why the last run failed, until the next. */
  readonly problem: string | null;
  /** From here on the last run is as if it had not failed. */
  readonly forget: () => void;
  /** Whether the last run failed by what stands in this field: a JSON Pointer, or a code that means it. */
  readonly blames: (...fields: readonly string[]) => boolean;
}

/** Something that a person starts, that takes a while and may fail. It is not started twice at a time. */
export function useAction<A extends readonly unknown[]>(work: (...args: A) => Promise<unknown>): Action<A> {
  const t = useTexts();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const isRunning = useRef(false);

  const run = async (...args: A): Promise<void> => {
    if (isRunning.current) return;
    isRunning.current = true;
    setBusy(true);
    setError(null);
    try {
      await work(...args);
    } catch (failure) {
      setError(failure);
    } finally {
      isRunning.current = false;
      setBusy(false);
    }
  };
  const blames = (...fields: readonly string[]): boolean =>
    error instanceof ParleyError &&
    (fields.includes(error.code) || error.errors.some(({ path }) => fields.includes(path)));
  const forget = useCallback(() => setError(null), []);
  return { run, isBusy, problem: error === null ? null : problemText(error, t), forget, blames };
}
