import type { Attachment } from './contract.ts';
import type { Http } from './http.ts';

const UPLOAD_MS = 10 * 60_000;

/** Files that go with messages, and pictures. */
export class Files {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** To be sent within a day, in `attachments` of a message. */
  upload(file: Blob, name = file instanceof File ? file.name : 'file'): Promise<Attachment> {
    const raw = new FormData();
    raw.append('file', file, name);
    return this.#http.request('POST', 'attachments', { raw, timeoutMs: UPLOAD_MS });
  }

  /** The bytes behind an attachment's `url` or an `avatarUrl`. */
  read(url: string): Promise<Blob> {
    return this.#http.blob(url);
  }
}
