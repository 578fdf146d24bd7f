/** An animated picture that somebody else keeps. The addresses are https. */
export interface Gif {
  readonly id: string;
  /** Perhaps empty. */
  readonly title: string;
  readonly full: Rendition;
  /** Small, to choose from. */
  readonly preview: Rendition;
}

/** Width and height in pixels. */
export interface Rendition {
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** Who knows of GIFs. */
export interface GifProvider {
  /** The best first, at most `limit`. Rejects, within three seconds, when the provider cannot be asked or makes no sense. */
  search(words: string, limit: number): Promise<Gif[]>;
}
