import type { Gif, GifProvider, Rendition } from '../../application/ports/gifs.ts';

const TIMEOUT_MS = 3_000;
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;

export interface GiphyOptions {
  /** Of the search, https://api.giphy.com/v1/gifs/search for example; it may have parameters of its own, such as `rating=g`. */
  readonly url: string;
  readonly key: string;
}

/** Giphy, or what speaks the form of its search (developers.giphy.com, "Search Endpoint"). What of an answer is no GIF is left out. */
export class GiphyGifProvider implements GifProvider {
  readonly #options: GiphyOptions;

  constructor(options: GiphyOptions) {
    this.#options = options;
  }

  async search(words: string, limit: number): Promise<Gif[]> {
    const url = new URL(this.#options.url);
    const parameters = { api_key: this.#options.key, q: words, limit: String(limit) };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    // Whoever answers with a redirect would learn the key, or send us to a neighbour of ours.
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the provider answered ${response.status}`);
    }
    const answer: unknown = JSON.parse(await boundedText(response));
    const data = fieldsOf(answer).data;
    if (!Array.isArray(data)) throw new Error('the provider answered without data');
    return data.flatMap((item) => gifOf(item) ?? []).slice(0, limit);
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_MAX_BYTES) throw new Error('the provider answered too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function gifOf(item: unknown): Gif | null {
  const { id, title, images } = fieldsOf(item);
  const full = renditionOf(fieldsOf(images).original);
  if (typeof id !== 'string' || !full) return null;
  const preview = renditionOf(fieldsOf(images).fixed_width) ?? full;
  return { id, title: typeof title === 'string' ? title : '', full, preview };
}

/** Sizes come as texts. Another address than an https one would be of no use in a page, or do harm. */
function renditionOf(image: unknown): Rendition | null {
  const { url, width, height } = fieldsOf(image);
  if (typeof url !== 'string' || !URL.canParse(url) || new URL(url).protocol !== 'https:') return null;
  const size = { width: Number(width), height: Number(height) };
  return Object.values(size).every((pixels) => Number.isInteger(pixels) && pixels > 0) ? { url, ...size } : null;
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
