import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../domain/errors.ts';

/** Nothing from elsewhere, nothing inline, no HTML out of strings but what DOMPurify has cleaned. Pictures come with a token, as blobs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types dompurify parley-worker',
].join('; ');

/** What the service worker may do: fetch. Without a policy of its own it would have that of JSON, which is nothing. */
const WORKER = '/service-worker.js';
const WORKER_POLICY = "default-src 'none'; connect-src 'self'";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** These have a hash of their content in their name. */
const HASHED = /^\/assets\//;
/** Addresses of programs, where a page would only hide a mistake. */
const NOT_PAGES = /^\/(api|docs|health|ready|metrics|assets)(\/|$)/;
const YEAR_S = 31_536_000;

interface File {
  readonly body: Buffer;
  /** The same bytes in brotli, if the build made that. */
  readonly compressed: Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** The web client as Vite has built it: read once, served from memory. */
export class WebClient {
  readonly #files: ReadonlyMap<string, File>;

  private constructor(files: ReadonlyMap<string, File>) {
    this.#files = files;
  }

  /** What is in the folder; null if no client was built there. */
  static read(folder: string): WebClient | null {
    if (!existsSync(join(folder, 'index.html'))) return null;
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.br'))
      .map((entry) => join(entry.parentPath, entry.name));
    return new WebClient(new Map(names.map((name) => [addressOf(folder, name), readAsset(folder, name)])));
  }

  /** One route for all that has a hash, one for each other file, and `/` for the page. */
  get routes(): FastifyPluginAsync {
    const schema = { hide: true };
    return async (app) => {
      app.get('/', { schema }, async (request, reply) => this.#send(request, reply, '/index.html'));
      app.get('/assets/:name', { schema }, async (request, reply) =>
        this.#send(request, reply, request.url.replace(/[?#].*$/s, '')),
      );
      for (const address of this.#files.keys()) {
        if (HASHED.test(address) || address === '/index.html') continue;
        app.get(address, { schema }, async (request, reply) => this.#send(request, reply, address));
      }
    };
  }

  /**
   * Answers with the page where a browser goes to an address that only the page knows, such as that of a chat.
   * @returns false for everything else, which is not answered
   */
  answerNavigation(request: FastifyRequest, reply: FastifyReply): boolean {
    const { method, headers, url } = request;
    const mode = headers['sec-fetch-mode'] ?? 'navigate'; // browsers leave it out on plain HTTP
    const isNavigation = method === 'GET' && mode === 'navigate' && headers.accept?.includes('text/html');
    if (!isNavigation || NOT_PAGES.test(url.replace(/[?#].*$/s, ''))) return false;
    void this.#send(request, reply, '/index.html');
    return true;
  }

  #send(request: FastifyRequest, reply: FastifyReply, address: string): FastifyReply {
    const file = this.#files.get(address);
    if (!file) throw new DomainError('ROUTE_NOT_FOUND', 'There is nothing at this address.');
    reply.headers({ ...file.headers, vary: 'accept-encoding' });
    if (request.headers['if-none-match'] === file.headers.etag) return reply.code(304).send();
    if (!file.compressed || !/\bbr\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.body);
    return reply.header('content-encoding', 'br').send(file.compressed);
  }
}

const addressOf = (folder: string, name: string): string => name.slice(folder.length).replaceAll('\\', '/');

function readAsset(folder: string, name: string): File {
  const body = readFileSync(name);
  const isPage = name.endsWith('.html');
  const address = addressOf(folder, name);
  const isHashed = HASHED.test(address);
  return {
    body,
    compressed: existsSync(`${name}.br`) ? readFileSync(`${name}.br`) : undefined,
    headers: {
      'content-type': MEDIA_TYPES[extname(name)] ?? 'application/octet-stream',
      'cache-control': isHashed ? `public, max-age=${YEAR_S}, immutable` : 'no-cache',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      'cross-origin-resource-policy': 'same-origin',
      ...(address === WORKER && { 'content-security-policy': WORKER_POLICY }),
      ...(isPage && {
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'cross-origin-opener-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      }),
    },
  };
}
