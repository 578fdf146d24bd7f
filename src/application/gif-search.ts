import { checkFields, DomainError } from '../domain/errors.ts';
import { storableText } from '../domain/text.ts';
import type { Gif, GifProvider } from './ports/gifs.ts';

const GIFS_MAX = 40;
/** What providers take. */
const WORDS_MAX = 50;

/** GIFs by words, where the operator has named a provider. */
export class GifSearch {
  readonly #provider: GifProvider | null;

  /** @param deps.provider null where there is none */
  constructor(deps: { provider: GifProvider | null }) {
    this.#provider = deps.provider;
  }

  get isOn(): boolean {
    return this.#provider !== null;
  }

  /**
   * At most 40, the best first.
   * @throws DomainError GIFS_OFF, VALIDATION_FAILED, GIFS_UNAVAILABLE
   */
  async find(input: { q: string }): Promise<Gif[]> {
    if (!this.#provider) throw new DomainError('GIFS_OFF', 'This server does not search for GIFs.');
    const { q } = checkFields({ q: () => storableText(input.q, 1, WORDS_MAX) });
    try {
      return await this.#provider.search(q, GIFS_MAX);
    } catch (cause) {
      throw new DomainError('GIFS_UNAVAILABLE', 'The provider of the GIFs does not answer as it should.', { cause });
    }
  }
}
