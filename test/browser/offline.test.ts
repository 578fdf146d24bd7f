import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { field, inBrowser, message, openChatWith, register, send, texts, twoPeople } from './support/stage.ts';

const DIST = fileURLToPath(new URL('../../web/dist', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** When the browser has all files of the page. */
const pageKept = (page: Page) => page.evaluate(async () => void (await navigator.serviceWorker.ready));

/** Waits for something that a page has to be asked for. */
async function until<A>(page: Page, holds: (argument: A) => Promise<boolean>, argument: A): Promise<void> {
  while (!(await page.evaluate(holds as never, argument))) await page.waitForTimeout(50);
}

/** Whether the copy of the chats says this. */
async function copyHolds(text: string): Promise<boolean> {
  const [{ name = '' } = {}] = await indexedDB.databases();
  const opening = indexedDB.open(name);
  await new Promise((resolve) => {
    opening.onsuccess = resolve;
  });
  const reading = opening.result.transaction('values').objectStore('values').getAll();
  await new Promise((resolve) => {
    reading.onsuccess = resolve;
  });
  opening.result.close();
  return JSON.stringify(reading.result).includes(text);
}

/** The built page with nothing behind it, as a build of this name; where that is null, something else. */
async function serveBuild(): Promise<{ url: string; build: string | null; close(): Server }> {
  const served = { url: '', build: 'first' as string | null, close: () => server.close() };
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').replace(/\?.*/, '');
    const isPage = extname(path) === '';
    if (path === '/' && served.build === null) return response.end('<title>Something else</title>');
    if (path.startsWith('/api/') || served.build === null) return response.writeHead(404).end();
    const text = readFileSync(DIST + (isPage ? '/index.html' : path), 'utf8')
      .replace('<title>Parley', `<title>Parley, the ${served.build} build`)
      .replace(/("name":)"[^"]*"/, `$1"${served.build}"`);
    const type = isPage ? 'text/html' : (TYPES[extname(path)] ?? 'text/plain');
    return response.writeHead(200, { 'content-type': type }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return served;
}

inBrowser('without a network', (stage) => {
  test('a page that is opened shows what was there; three messages written then arrive once each and in order', async () => {
    const { ann, bob } = await twoPeople(stage(), 'Reload');
    await send(bob, 'before, **bold**');
    await message(ann, 'before, bold').waitFor();
    await pageKept(ann);
    await until(ann, copyHolds, 'before, **bold**');

    await ann.context().setOffline(true);
    await ann.reload();
    await message(ann, 'before, bold').waitFor();
    await ann.getByRole('link', { name: /Bob Reload/ }).waitFor();
    for (const text of ['first', 'second', 'third']) await send(ann, text);
    await field(ann).fill('half a thought');
    await ann.reload();
    await message(ann, 'third').waitFor();
    await message(ann, 'before, bold').waitFor(); // what formats it comes by itself
    expect(await field(ann).inputValue()).toBe('half a thought');
    expect(await texts(ann)).toEqual(['before, bold', 'first', 'second', 'third']);
    await ann.getByText('You are offline.').waitFor();
    await ann.getByRole('button', { name: 'New chat' }).waitFor();

    await send(bob, 'meanwhile');
    await ann.context().setOffline(false);
    await message(bob, 'third').waitFor();
    await message(ann, 'meanwhile').waitFor();
    await ann.getByText('You are offline.').waitFor({ state: 'detached' });
    for (const page of [ann, bob]) {
      expect(await texts(page)).toEqual(['before, bold', 'meanwhile', 'first', 'second', 'third']);
    }

    await ann.getByRole('button', { name: 'More' }).click();
    await ann.getByRole('menuitem', { name: 'Sign out' }).click();
    await ann.getByRole('heading', { name: 'Welcome back' }).waitFor();
    while (await ann.evaluate(copyHolds, 'before')) await ann.waitForTimeout(50); // it goes right after
  });

  test('an edit and a deletion say that they need the network, and lose nothing', async () => {
    const page = await stage().page();
    await register(page, 'ann-edits', 'Ann Edits');
    await stage().app.api.register('bob-edits');
    await openChatWith(page, 'bob-edits');
    await send(page, 'as it was');
    await message(page, 'as it was').getByText('Sent', { exact: true }).waitFor();
    await page.context().setOffline(true);
    await field(page).press('ArrowUp');
    await field(page).fill('as it should be');
    await field(page).press('Enter');
    await page.getByText('The server cannot be reached. Check your connection.').waitFor();
    expect(await field(page).inputValue()).toBe('as it should be');
    await field(page).press('Escape');
    await page.getByText('The server cannot be reached.').waitFor({ state: 'detached' });
    await page.context().setOffline(false);
    await field(page).press('ArrowUp');
    await field(page).fill('as it should be');
    await field(page).press('Enter');
    await message(page, 'as it should be').getByText('edited').waitFor();

    await page.context().setOffline(true);
    await message(page, 'should be').hover();
    await message(page, 'should be')
      .getByRole('button', { name: /^Actions/ })
      .click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    const question = page.getByRole('dialog');
    await question.getByRole('button', { name: 'Delete' }).click();
    await question.getByText('The server cannot be reached. Check your connection.').waitFor();
    await question.getByRole('button', { name: 'Delete' }).and(page.locator(':focus')).waitFor();
    await page.context().setOffline(false);
    await question.getByRole('button', { name: 'Delete' }).click();
    await message(page, 'This message was deleted.').waitFor();
  });

  test('a new build is seen at once, and kept in the place of the one before the last; without a worker all is let go', async () => {
    const served = await serveBuild();
    const page = await stage().page('/', { url: served.url });
    try {
      await pageKept(page);
      for (const build of ['second', 'third']) {
        served.build = build;
        await page.reload();
        expect(await page.title()).toBe(`Parley, the ${build} build`);
        await page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));
        await until(page, async (name) => (await caches.keys()).at(-1) === `parley-${name}`, build);
      }
      await until(page, async (kept) => (await caches.keys()).join() === kept, 'parley-second,parley-third');
      await page.context().setOffline(true);
      await page.reload();
      expect(await page.title()).toBe('Parley, the third build');

      await page.context().setOffline(false);
      served.build = null;
      await page.reload();
      expect(await page.title()).toBe('Something else');
      await until(page, async (none) => (await navigator.serviceWorker.getRegistrations()).length === none, 0);
      await until(page, async (none) => (await caches.keys()).length === none, 0);
    } finally {
      served.close();
    }
  });
});
