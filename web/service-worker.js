/**
 * Keeps the files of the page in the browser, so that it opens without a network; nothing of the API. vite.config.ts writes it into the
 * build, with the names of all files in the place of these.
 */
const BUILD = { name: '', files: [] };
const CACHE = `parley-${BUILD.name}`;
/** Pages of the build before this one may still be open, and load more of its parts. */
const BUILDS_KEPT = 2;
const PATIENCE_MS = 4_000;
/** Addresses of programs: as in the server's web-client.ts. */
const NOT_PAGES = /^\/(api|docs|health|ready|metrics|assets)(\/|$)/;

const builds = async () => (await caches.keys()).filter((name) => name.startsWith('parley-'));

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(BUILD.files);
  await self.skipWaiting();
}

async function activate() {
  const others = (await builds()).filter((name) => name !== CACHE);
  await Promise.all(others.slice(0, others.length + 1 - BUILDS_KEPT).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** A server that does not have this file wants no worker (any more). */
async function leaveIfUnwanted() {
  const answer = await fetch('/service-worker.js', { method: 'HEAD', cache: 'no-store' });
  if (answer.status !== 404) return;
  await self.registration.unregister();
  for (const name of await builds()) await caches.delete(name);
}

/** The server's own page where it answers in time, so that a new build is seen at once. */
async function page(request) {
  const asked = fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const answer = await Promise.race([asked.catch(() => null), late]);
  if (answer && answer.status < 500) return answer;
  return (await kept('/')) ?? asked;
}

async function kept(request) {
  const own = await caches.open(CACHE);
  const options = { ignoreVary: true }; // it names the encoding, which is undone here
  return (await own.match(request, options)) ?? (await caches.match(request, options));
}

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate' && !NOT_PAGES.test(pathname)) {
    event.respondWith(page(request));
    event.waitUntil(leaveIfUnwanted().catch(() => undefined));
  } else if (pathname.startsWith('/assets/') || BUILD.files.includes(pathname)) {
    event.respondWith(kept(request).then((file) => file ?? fetch(request)));
  }
});
