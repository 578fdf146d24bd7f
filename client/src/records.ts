/** Records by id that are never changed once they have been seen, without a copy for each of many changes. */
import type { ById } from './state.ts';

/** The copies of the step that runs: nobody else has seen them yet. */
let ownCopies: WeakSet<object> | null = null;

/**
 * Runs a step from one state to the next. Within it each record is copied at most once, so that a thousand changes to a record of a
 * thousand entries cost one copy; what a step has made of a record holds for the rest of the step.
 */
export function inOneStep<T>(step: () => T): T {
  ownCopies = new WeakSet();
  try {
    return step();
  } finally {
    ownCopies = null;
  }
}

/** The record with these entries. */
export function withEntries<T>(record: ById<T>, entries: Iterable<readonly [id: string, value: T]>): ById<T> {
  const changed = own(record);
  for (const [id, value] of entries) changed[id] = value;
  return changed;
}

export const withEntry = <T>(record: ById<T>, id: string, value: T): ById<T> => withEntries(record, [[id, value]]);

export function without<T>(record: ById<T>, id: string): ById<T> {
  if (!(id in record)) return record;
  const changed = own(record);
  delete changed[id];
  return changed;
}

function own<T>(record: ById<T>): Record<string, T> {
  if (ownCopies?.has(record)) return record as Record<string, T>;
  const copy = { ...record };
  ownCopies?.add(copy);
  return copy;
}
