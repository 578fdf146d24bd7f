import type { Account } from './api-client.ts';
import { checkAnswer, type OpenApiDocument, operationOf } from './openapi.ts';

export interface FileAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came, and fail where it is not what they expect.
  readonly body: any;
}

/** Calls routes that take or give files; every answer is held against the OpenAPI document. */
export class FileClient {
  /** The same of every application of this version, and slow to make. */
  static #shared: OpenApiDocument | undefined;
  readonly #baseUrl: string;
  readonly #document: OpenApiDocument;

  private constructor(baseUrl: string, document: OpenApiDocument) {
    this.#baseUrl = baseUrl;
    this.#document = document;
  }

  static async of(baseUrl: string): Promise<FileClient> {
    FileClient.#shared ??= (await (await fetch(`${baseUrl}/docs/openapi.json`)).json()) as OpenApiDocument;
    return new FileClient(baseUrl, FileClient.#shared);
  }

  /** @param path from the root, as the `url` of an attachment is */
  async call(
    method: string,
    path: string,
    as: Account | null,
    {
      body,
      headers = {},
    }: { body?: string | FormData | Uint8Array<ArrayBuffer>; headers?: Record<string, string> } = {},
  ): Promise<FileAnswer> {
    const response = await fetch(`${this.#baseUrl}${path}`, {
      method,
      headers: { ...headers, ...(as && { authorization: `Bearer ${as.accessToken}` }) },
      ...(body !== undefined && { body }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const { status } = response;
    const contentType = response.headers.get('content-type') ?? undefined;
    const operation = operationOf(this.#document, method, path);
    if (operation) checkAnswer(this.#document, operation, { status, contentType, text: bytes.toString() });
    const isJson = contentType?.includes('json') ?? false;
    return { status, headers: response.headers, bytes, body: isJson ? JSON.parse(bytes.toString()) : null };
  }

  upload(as: Account | null, content: Uint8Array | string, name = 'file.bin', type = ''): Promise<FileAnswer> {
    const form = new FormData();
    form.append('file', new Blob([content as Uint8Array<ArrayBuffer>], { type }), name);
    return this.call('POST', '/api/v1/attachments', as, { body: form });
  }

  get(path: string, as: Account | null, headers: Record<string, string> = {}): Promise<FileAnswer> {
    return this.call('GET', path, as, { headers });
  }

  putImage(path: string, as: Account | null, image: Uint8Array | string, type = 'image/png'): Promise<FileAnswer> {
    return this.call('PUT', path, as, { body: image as Uint8Array<ArrayBuffer>, headers: { 'content-type': type } });
  }
}
