/** What a scenario measured: for each row and column, one number per round. */
export interface Table {
  readonly title: string;
  /** What one must know to read the numbers. */
  readonly notes: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** To how many of the columns after it the first one is compared; 1 if not given. */
  readonly limits?: number;
}

export interface Row {
  readonly measure: string;
  /** By column, then by round; a column without rounds stays empty. */
  readonly values: readonly (readonly number[])[];
  /** How the first column relates to its limit: as a share of it (more is better), as a multiple (less is better), or not at all. */
  readonly ratio?: 'share' | 'multiple';
}

/** The value in the middle, or the mean of the two there. NaN for none. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** The rows of many rounds: `pick` reads one number off what a round gave for each column. */
export function row<R>(
  measure: string,
  rounds: readonly (readonly R[])[],
  pick: (result: R) => number,
  ratio?: Row['ratio'],
): Row {
  return { measure, values: rounds.map((results) => results.map(pick)), ...(ratio && { ratio }) };
}

/** As a Markdown table, with the medians and, in brackets, the least and the most. */
export function markdown({ title, notes, columns, rows, limits = 1 }: Table): string {
  const compared = rows.some(({ ratio }) => ratio !== undefined) ? columns.slice(1, 1 + limits) : [];
  const lines = rows.map((line) => [
    line.measure,
    ...line.values.map(cell),
    ...compared.map((_, i) => ratioOf(line, i + 1)),
  ]);
  const head = ['', ...columns, ...compared.map((column) => (limits > 1 ? `to ${column}` : 'ratio'))];
  const widths = head.map((text, i) => Math.max(3, text.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const format = (line: readonly string[]) => `| ${line.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [
    `## ${title}`,
    '',
    ...notes.map((note) => `- ${note}`),
    '',
    format(head),
    rule,
    ...lines.map(format),
    '',
  ].join('\n');
}

function cell(values: readonly number[]): string {
  if (values.length === 0) return '';
  if (values.length === 1) return number(median(values));
  return `${number(median(values))} (${number(Math.min(...values))}–${number(Math.max(...values))})`;
}

/** The first column's relation to another one. The median of the rounds' own: what slowed the machine for a while slowed both. */
export function quotientOf({ values }: Row, column: number): number {
  const [first = [], other = []] = [values[0], values[column]];
  return median(first.map((value, round) => value / (other[round] ?? Number.NaN)));
}

function ratioOf(line: Row, column: number): string {
  if (line.ratio === undefined) return '';
  const quotient = quotientOf(line, column);
  return line.ratio === 'share' ? `${Math.round(quotient * 100)} %` : `× ${number(quotient)}`;
}

function number(value: number): string {
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
