import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { ApiClient, PASSWORD } from '../support/api-client.ts';
import { ServerProcess, temporaryFolder } from '../support/server-process.ts';
import {
  field,
  holds,
  inBrowser,
  isInSight,
  message,
  openChatWith,
  PNG,
  register,
  send,
  signIn,
  texts,
  twoPeople,
  untilInSight,
} from './support/stage.ts';

/** As from the desktop, on the page. */
const letFall = (page: Page, name: string, type = 'text/plain', bytes = Buffer.from('what it holds')): Promise<void> =>
  page.evaluate(
    (file) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(file.bytes)], file.name, { type: file.type }));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
    },
    { name, type, bytes: [...bytes] },
  );

inBrowser('a conversation', (stage) => {
  test('what one writes the other sees at once, with who types, what is read and what is edited or deleted', async () => {
    const { ann, bob } = await twoPeople(stage(), 'live');
    await field(ann).pressSequentially('Hello Bo');
    await bob.getByText('Ann live is typing…').waitFor();
    await send(ann, 'Hello Bob');
    await message(bob, 'Hello Bob').waitFor();
    await message(ann, 'Hello Bob').getByText('Read', { exact: true }).waitFor();

    await send(bob, 'Hello Ann');
    await message(ann, 'Hello Ann').waitFor();
    expect(await texts(ann)).toEqual(['Hello Bob', 'Hello Ann']);
    expect(await texts(bob)).toEqual(['Hello Bob', 'Hello Ann']);

    await field(ann).press('ArrowUp');
    await field(ann).fill('Hello, dear Bob');
    await field(ann).press('Enter');
    await message(bob, 'Hello, dear Bob').getByText('edited').waitFor();

    await message(ann, 'dear Bob').hover();
    await message(ann, 'dear Bob')
      .getByRole('button', { name: /^Actions/ })
      .click();
    await ann.getByRole('menuitem', { name: 'Delete' }).click();
    await ann.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await message(bob, 'This message was deleted.').waitFor();
    expect(await bob.getByText('dear Bob').count()).toBe(0);
  });

  test('a line keeps its height when others come below it, so that nothing above moves', async () => {
    const { ann, bob } = await twoPeople(stage(), 'below');
    const rowHeight = () =>
      message(ann, 'the first').evaluate((line) => line.parentElement?.getBoundingClientRect().height);
    await send(ann, 'the first');
    await message(bob, 'the first').waitFor();
    await message(ann, 'the first').getByText('Read', { exact: true }).waitFor();
    const alone = await rowHeight();
    await send(bob, 'the second');
    await message(ann, 'the second').waitFor();
    expect(alone).toBeGreaterThan(0);
    expect(await rowHeight()).toBe(alone);
  });

  test('a picture that is let fall on the page is sent, and seen as large as there is room', async () => {
    const { ann, bob } = await twoPeople(stage(), 'seen');
    await letFall(ann, 'quay.png', 'image/png', PNG);
    await ann.getByRole('button', { name: 'Take quay.png away' }).waitFor();
    await field(ann).press('Enter');
    await bob.getByRole('button', { name: 'quay.png' }).press('Enter');
    const picture = bob.getByRole('dialog', { name: 'quay.png' });
    await picture.getByRole('img', { name: 'quay.png' }).waitFor();
    const saved = bob.waitForEvent('download');
    await picture.getByRole('button', { name: 'Save' }).click();
    expect((await saved).suggestedFilename()).toBe('quay.png');
  });

  test('what is begun in a chat is there when one comes back to it: files, a reply and an edit', async () => {
    const { ann, bob } = await twoPeople(stage(), 'begun');
    await send(ann, 'as it was');
    await message(bob, 'as it was').waitFor();
    await send(bob, 'a question');
    await message(ann, 'a question').waitFor();
    const leaveAndComeBack = async () => {
      await ann.goBack();
      await field(ann).waitFor({ state: 'detached' });
      await ann.getByRole('link', { name: /Bob begun/ }).click();
      await field(ann).waitFor();
    };

    await letFall(ann, 'quay.txt');
    await ann.getByRole('button', { name: 'Take quay.txt away' }).waitFor();
    await message(ann, 'a question').hover();
    await message(ann, 'a question').getByRole('button', { name: 'Reply' }).click();
    await leaveAndComeBack();
    await ann.getByRole('button', { name: 'Do not reply' }).waitFor();
    await send(ann, 'the answer');
    await message(bob, 'the answer').getByRole('button', { name: 'quay.txt' }).waitFor();
    await message(bob, 'the answer').getByText('a question').waitFor();
    expect(await ann.getByRole('button', { name: /^Take|^Do not reply/ }).count()).toBe(0);

    await field(ann).press('ArrowUp');
    await field(ann).fill('a better ans');
    await leaveAndComeBack();
    expect(await field(ann).inputValue()).toBe('a better ans');
    await send(ann, 'a better answer');
    await message(bob, 'a better answer').getByText('edited').waitFor();
    await holds(ann, '');
  });

  test('files that are let fall while others are on their way wait for them, whatever becomes of these', async () => {
    // A worker would ask for the page, unseen by the test.
    const ann = await stage().page('/', { serviceWorkers: 'block' });
    await register(ann, 'ann-waits', 'Ann Waits');
    await stage().app.api.register('bob-waits');
    await openChatWith(ann, 'bob-waits');
    const started = ann.waitForRequest(/attachments$/);
    const first = Promise.withResolvers<void>();
    await ann.route(
      /attachments$/,
      async (route) => {
        await first.promise;
        await route.abort();
      },
      { times: 1 },
    );
    await letFall(ann, 'first.txt');
    await started;
    await letFall(ann, 'second.txt');
    await field(ann).fill('with a file');
    await ann.getByRole('button', { name: 'Send', disabled: true }).waitFor();
    await field(ann).fill('x'.repeat(4_001));
    await ann.getByText('1 character too long').waitFor();
    await field(ann).fill('with a file');
    first.resolve();
    await ann.getByRole('button', { name: 'Take second.txt away' }).waitFor();
    await ann.getByText('first.txt: The server cannot be reached.').waitFor();
    expect(await ann.getByRole('button', { name: 'Take first.txt away' }).count()).toBe(0);

    await ann.getByRole('button', { name: 'Send', disabled: false }).click();
    await message(ann, 'with a file').getByText('second.txt').waitFor();
    expect(await ann.getByText('The server cannot be reached.').count()).toBe(0);

    await ann.route(/attachments$/, (route) => route.abort());
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) }));
    await ann.locator('input[type=file]').setInputFiles(five);
    await ann.getByText('c: The server cannot be reached.').waitFor();
    await ann.getByText('2 more files could not be attached.').waitFor();
    expect(await ann.getByRole('alert').count()).toBe(4);
  });

  test('an unread message is counted in the list and in the title until it is looked at', async () => {
    const { ann, bob } = await twoPeople(stage(), 'unread');
    await bob.goto(new URL('/', bob.url()).href);
    await bob.getByRole('link', { name: /Ann unread/ }).waitFor();
    await send(ann, 'one');
    await send(ann, 'two');
    await bob.getByText('2 unread messages').waitFor();
    await bob.waitForFunction(() => document.title === '(2) Parley');
    await bob.getByRole('link', { name: /Ann unread/ }).click();
    await message(bob, 'two').waitFor();
    await bob.getByText(/unread message/).waitFor({ state: 'detached' });
    await bob.waitForFunction(() => document.title === 'Parley');
  });

  test('a chat opens where what is unread begins, and the pill counts what is below', async () => {
    const { ann, bob } = await twoPeople(stage(), 'far');
    await bob.goto(new URL('/', bob.url()).href);
    await bob.getByRole('link', { name: /Ann far/ }).waitFor();
    const { url, api } = stage().app;
    const { body } = await api.post('/auth/login', { login: 'ann-far', password: PASSWORD });
    const chatId = ann.url().split('/').at(-1);
    // The full stop keeps the number apart from the time behind it.
    const messages = Array.from({ length: 100 }, (_, i) => ({ content: `line ${i}.` }));
    await new ApiClient(url, body.accessToken).post(`/chats/${chatId}/messages`, { messages });
    await bob.getByText('100 unread messages').waitFor();
    await bob.getByRole('link', { name: /Ann far/ }).click();
    await bob.getByText('New', { exact: true }).waitFor();
    await untilInSight(message(bob, 'line 0.'));
    expect(await isInSight(message(bob, 'line 99.'))).toBe(false);
    await bob.getByRole('button', { name: /^\d+ new messages$/ }).click();
    await message(bob, 'line 99.').waitFor();
    await bob.waitForFunction(() => document.title === 'Parley');
  });

  test('three messages written offline arrive once each and in order', async () => {
    const { ann, bob } = await twoPeople(stage(), 'offline');
    await send(ann, 'before');
    await message(bob, 'before').waitFor();
    await ann.context().setOffline(true);
    await ann.getByText('You are offline.').waitFor();
    for (const text of ['first', 'second', 'third']) await send(ann, text);
    expect(await texts(ann)).toEqual(['before', 'first', 'second', 'third']);
    expect(await texts(bob)).toEqual(['before']);

    await ann.context().setOffline(false);
    await message(bob, 'third').waitFor();
    await ann.getByText('You are offline.').waitFor({ state: 'detached' });
    for (const page of [ann, bob]) {
      await page.reload();
      await message(page, 'third').waitFor();
      expect(await texts(page)).toEqual(['before', 'first', 'second', 'third']);
    }
  });

  test('a server that is killed and started again is not noticed but for a pause', async () => {
    const folder = await temporaryFolder();
    let server = await ServerProcess.start({ PARLEY_DATA_DIR: folder.path });
    const { port } = new URL(server.url);
    try {
      const { ann, bob } = await twoPeople(stage(), 'killed', server.url);
      await send(ann, 'before');
      await message(bob, 'before').waitFor();
      await server.kill('SIGKILL');
      await send(ann, 'while it is down');
      server = await ServerProcess.start({ PARLEY_DATA_DIR: folder.path, PORT: port });
      await message(bob, 'while it is down').waitFor();
      await send(bob, 'after');
      await message(ann, 'after').waitFor();
      for (const page of [ann, bob]) expect(await texts(page)).toEqual(['before', 'while it is down', 'after']);
    } finally {
      await stage().clear();
      await server.kill('SIGTERM');
      await folder.remove();
    }
  });

  test('whoever is signed out from another device is told so, and finds what he was writing', async () => {
    const { ann } = await twoPeople(stage(), 'revoked');
    await field(ann).fill('half a thought');
    const { url, api } = stage().app;
    const { body } = await api.post('/auth/login', { login: 'ann-revoked', password: PASSWORD });
    await new ApiClient(url, body.accessToken).post('/auth/logout-all');

    await ann.getByText('You were signed out from another device.').waitFor();
    await signIn(ann, 'ann-revoked');
    await openChatWith(ann, 'Bob revoked');
    expect(await field(ann).inputValue()).toBe('half a thought');
  });

  test('two tabs of one person show the same and send each message once', async () => {
    const { ann, bob } = await twoPeople(stage(), 'tabs');
    const second = await ann.context().newPage();
    stage().watch(second);
    await second.goto(ann.url());
    await send(ann, 'from the first tab');
    await message(second, 'from the first tab').waitFor();
    await send(second, 'from the second tab');
    await message(bob, 'from the second tab').waitFor();
    for (const page of [ann, second, bob]) {
      await message(page, 'from the second tab').waitFor();
      expect(await texts(page)).toEqual(['from the first tab', 'from the second tab']);
    }
    await ann.getByRole('button', { name: 'More' }).click();
    await ann.getByRole('menuitem', { name: 'Sign out' }).click();
    await second.getByRole('heading', { name: 'Welcome back' }).waitFor();
    expect(await second.getByText('from another device').count()).toBe(0);
  });

  test('who does not look is told by a notification, and by a sound if he wants one; not of a chat that is muted', async () => {
    const { ann, bob } = await twoPeople(stage(), 'told');
    await bob.context().grantPermissions(['notifications']);
    await bob.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true });
      const told: string[] = [];
      const tell = (what: string) => {
        told.push(what);
        document.documentElement.dataset.told = told.join(' | ');
      };
      class Told {
        static permission = 'granted';
        static requestPermission = async () => 'granted';
        constructor(title: string, { body }: { body: string }) {
          tell(`${title}: ${body}`);
        }
      }
      class Sounding extends AudioContext {
        constructor() {
          super();
          tell('sound');
        }
      }
      Object.assign(window, { Notification: Told, AudioContext: Sounding });
    });
    const told = (text: string) =>
      bob.waitForFunction((wanted) => document.documentElement.dataset.told === wanted, text);
    await bob.getByRole('button', { name: /^Settings/ }).click();
    await bob.getByRole('switch', { name: /^Show notifications/ }).click();
    await bob.getByRole('switch', { name: /^Show notifications/, checked: true }).waitFor();
    await bob.keyboard.press('Escape');
    await send(ann, 'quietly');
    await told('Ann told: quietly');

    await bob.getByRole('button', { name: /^Settings/ }).click();
    await bob.getByRole('switch', { name: 'With a sound' }).click();
    await bob.keyboard.press('Escape');
    await send(ann, 'aloud');
    await told('Ann told: quietly | sound | Ann told: aloud');

    await bob.getByRole('button', { name: 'Details' }).last().click();
    await bob.getByRole('switch', { name: /^Mute/ }).click();
    await bob.getByRole('switch', { name: /^Mute/, checked: true }).waitFor();
    await bob.keyboard.press('Escape');
    await send(ann, 'unheard');
    await message(bob, 'unheard').waitFor();
    await told('Ann told: quietly | sound | Ann told: aloud');
  });
});
