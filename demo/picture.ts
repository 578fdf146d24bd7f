import { crc32, deflateSync } from 'node:zlib';

const CELLS = 5;
const CELL = 40;
const MARGIN = 20;
const SIDE = CELLS * CELL + 2 * MARGIN;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A square picture of its own for each number, the same on the left and on the right: a PNG of two colours. */
export function picture(number: number): Uint8Array {
  const isSet = (column: number, row: number): boolean =>
    ((Math.imul(number + 1, 0x9e3779b1) >>> (row * 3 + Math.min(column, CELLS - 1 - column))) & 1) === 1;
  const rows = Array.from({ length: SIDE }, (_, y) => {
    const row = Buffer.alloc(1 + SIDE); // its filter, which is none, comes first
    for (let x = 0; x < SIDE; x += 1) row[1 + x] = colourAt(x, y, isSet);
    return row;
  });
  const [hue, calm] = [(number * 137.5) % 360, 0.55];
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', Buffer.from([0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 3, 0, 0, 0])),
    chunk('PLTE', Buffer.from([...rgb(hue, calm, 0.9), ...rgb(hue, calm, 0.45)])),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function colourAt(x: number, y: number, isSet: (column: number, row: number) => boolean): 0 | 1 {
  const [column, row] = [Math.floor((x - MARGIN) / CELL), Math.floor((y - MARGIN) / CELL)];
  const isInside = column >= 0 && column < CELLS && row >= 0 && row < CELLS;
  return isInside && isSet(column, row) ? 1 : 0;
}

/** PNG (RFC 2083) 3.2. */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** From hue (in degrees), saturation and lightness. */
function rgb(hue: number, saturation: number, lightness: number): number[] {
  const spread = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}
