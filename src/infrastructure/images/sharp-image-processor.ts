import type { Sharp, SharpOptions } from 'sharp';
import type { ImageProcessor } from '../../application/ports/files.ts';
import { DomainError } from '../../domain/errors.ts';
import { contentTypeOf, HEAD_BYTES, IMAGE_TYPES } from '../../domain/media-type.ts';

const SIDE = 256;
const PIXELS_MAX = 40_000_000;
const SECONDS_MAX = 10;
/** How many images are decoded at once: one may take 160 MB while it is. */
const RUNNING_MAX = 2;

type Load = () => Promise<{ readonly default: (image: Uint8Array, options: SharpOptions) => Sharp }>;

/** Images by libvips. sharp is loaded when the first image comes; where it is not installed, every image is refused. */
export class SharpImageProcessor implements ImageProcessor {
  readonly #load: Load;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(load: Load = () => import('sharp')) {
    this.#load = load;
  }

  async avatar(image: Uint8Array): Promise<Uint8Array> {
    const { mediaType, width, height } = contentTypeOf(image.subarray(0, HEAD_BYTES));
    if (!IMAGE_TYPES.includes(mediaType)) throw refused('It must be a PNG, JPEG, GIF or WebP image.');
    if ((width ?? 0) * (height ?? 0) > PIXELS_MAX) throw refused('It has too many pixels.');
    const { default: sharp } = await this.#load().catch(unsupported);
    return this.#inTurn(() =>
      sharp(image, { limitInputPixels: PIXELS_MAX, failOn: 'error' })
        .autoOrient()
        .resize(SIDE, SIDE, { fit: 'cover' })
        .webp()
        .timeout({ seconds: SECONDS_MAX })
        .toBuffer()
        .catch((cause) => {
          throw refused('It cannot be read.', cause);
        }),
    );
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running === RUNNING_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

const refused = (detail: string, cause?: unknown): DomainError => new DomainError('IMAGE_REFUSED', detail, { cause });

function unsupported(cause: unknown): never {
  throw new DomainError('AVATARS_UNSUPPORTED', 'This server cannot read images: sharp is not installed.', { cause });
}
