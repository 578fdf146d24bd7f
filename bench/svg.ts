import { quotientOf, type Row, type Table } from './table.ts';

const [WIDTH, LABEL, LINE, TITLE, BAR] = [900, 340, 22, 40, 14];
/** The end of the axis; a longer bar is cut there. */
const FULL = 1.5;
const COLOURS = ['#2a6fdb', '#e08a1e'];

/** Every ratio of these tables as a bar: how near Parley comes to each limit, which is the line at 100 %. Longer is better. */
export function svg(tables: readonly Table[], machine: string): string {
  const parts: string[] = [];
  let y = 30;
  for (const { title, columns, rows, limits = 1 } of tables) {
    const compared = rows.filter(({ ratio }) => ratio !== undefined);
    if (compared.length === 0) continue;
    y += TITLE;
    parts.push(text(10, y - 12, title, 'font-weight="bold"'));
    for (let column = 1; column <= limits; column += 1) {
      const [x, fill] = [LABEL + 160 * (column - 1), COLOURS[column - 1] ?? '#777777'];
      y += column === 1 ? LINE : 0;
      parts.push(rect(x, y - 26, 10, fill, 10), text(x + 14, y - 17, `to ${columns[column]}`));
    }
    for (const row of compared) {
      for (let column = 1; column <= limits; column += 1) {
        parts.push(...bar(row, column, y), column === 1 ? text(10, y + 11, row.measure) : '');
        y += LINE;
      }
    }
  }
  const limitAt = LABEL + scale(1);
  const line = `<line x1="${limitAt}" y1="30" x2="${limitAt}" y2="${y}" stroke="#888888" stroke-dasharray="4 3"/>`;
  const head = text(10, 20, `Parley against its limits in the same run; longer is better. ${machine}`);
  const body = [head, ...parts, text(limitAt - 16, 44, '100 %'), line].filter((part) => part !== '').join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 10}" font-family="sans-serif" font-size="12">
<title>Parley against its limits</title>
<rect width="100%" height="100%" fill="#ffffff"/>
${body}
</svg>
`;
}

const scale = (share: number): number => (Math.min(share, FULL) / FULL) * (WIDTH - LABEL - 80);

/** Of what is better when it is less, the inverse. */
function bar(row: Row, column: number, y: number): string[] {
  const quotient = quotientOf(row, column);
  const share = row.ratio === 'multiple' ? 1 / quotient : quotient;
  if (!Number.isFinite(share)) return [text(LABEL, y + 11, 'not measured')];
  const width = scale(share);
  const fill = COLOURS[column - 1] ?? '#777777';
  return [rect(LABEL, y, width, fill, BAR), text(LABEL + width + 6, y + 11, `${Math.round(share * 100)} %`)];
}

const rect = (x: number, y: number, width: number, fill: string, height: number): string =>
  `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${height}" fill="${fill}"/>`;

const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y}" fill="#222222" ${more}>${content.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</text>`;
