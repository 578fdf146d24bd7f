import { isOutgoing, type Line } from 'parley-client';
import { useLayoutEffect, useMemo, useRef } from 'react';

/** A line, and the one above it. */
export interface LineInPlace {
  readonly line: Line;
  readonly previous: Line | null;
}

/** Of a line that is not here (any more), its number stands for its place. */
export type Row = LineInPlace | number;

export const isPresent = (row: Row | undefined): row is LineInPlace => typeof row === 'object';

/** What is on its way comes after all that has a number. */
export const seqOf = (row: Row): number =>
  isPresent(row) ? (isOutgoing(row.line) ? Number.POSITIVE_INFINITY : row.line.seq) : row;

/**
 * The lines as rows of a list that is never shortened at its beginning, since a virtual list that scrolls would not keep its place:
 * of older lines that the window lets go the places stay. The first line of a window shows nothing as long as there are older ones:
 * what belongs above it, such as a day, is not known.
 * @returns the rows, and whether some have been added before those that were drawn last
 */
export function useRows(lines: readonly Line[], hasOlder: boolean): { rows: readonly Row[]; isLonger: boolean } {
  const from = hasOlder && lines.length > 1 ? 1 : 0;
  const first = lines[from];
  const firstSeq = first && !isOutgoing(first) ? first.seq : Number.POSITIVE_INFINITY;
  const drawn = useRef(Number.POSITIVE_INFINITY);
  const start = Math.min(drawn.current, firstSeq);
  const isLonger = start < drawn.current && drawn.current !== Number.POSITIVE_INFINITY;
  useLayoutEffect(() => {
    drawn.current = start;
  }, [start]);
  const rows = useMemo(() => rowsFrom(start, lines, from), [start, lines, from]);
  return { rows, isLonger };
}

function rowsFrom(start: number, lines: readonly Line[], from: number): readonly Row[] {
  const present = lines.slice(from).map((line, at) => ({ line, previous: lines[from + at - 1] ?? null }));
  const [first] = present;
  if (!first || isOutgoing(first.line)) return present;
  return [...Array.from({ length: first.line.seq - start }, (_, at) => start + at), ...present];
}
