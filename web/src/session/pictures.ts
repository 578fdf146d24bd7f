import { useEffect, useState } from 'react';
import { parley } from './parley.ts';

const KEPT_MAX = 200;

/** Pictures need the token, so they are fetched and shown from memory; the oldest are let go. */
const pictures = new Map<string, Promise<string>>();

async function read(url: string): Promise<string> {
  return URL.createObjectURL(await parley.files.read(url));
}

function pictureOf(url: string): Promise<string> {
  const kept = pictures.get(url);
  if (kept !== undefined) return kept;
  const picture = read(url);
  pictures.set(url, picture);
  picture.catch(() => pictures.delete(url));
  const [oldest] = pictures.keys();
  if (pictures.size > KEPT_MAX && oldest !== undefined) {
    pictures.get(oldest)?.then(URL.revokeObjectURL, () => undefined);
    pictures.delete(oldest);
  }
  return picture;
}

/** The address, within this page, of a picture of the server; null until it is here, and where there is none. */
export function usePicture(url: string | null): string | null {
  const [shown, setShown] = useState<{ url: string; picture: string } | null>(null);
  useEffect(() => {
    if (url === null) return undefined;
    let isWanted = true;
    pictureOf(url).then(
      (picture) => isWanted && setShown({ url, picture }),
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
  }, [url]);
  return shown?.url === url ? shown.picture : null;
}
