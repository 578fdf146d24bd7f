import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type Account, PASSWORD } from '../support/api-client.ts';
import {
  chooseNew,
  field,
  inBrowser,
  message,
  openChatWith,
  register,
  type Stage,
  send,
  signIn,
} from './support/stage.ts';

/** Each calls `hacked` if anything in it runs. */
const CORPUS: readonly string[] = [
  '<script>hacked()</script>',
  '<img src=x onerror=hacked()>',
  '"><svg onload=hacked()>',
  "'-hacked()-'",
  '<iframe srcdoc="<script>parent.hacked()</script>">',
  '<a href="javascript:hacked()">click</a>',
  '[click](javascript:hacked())',
  '[click](JaVaScRiPt&colon;hacked())',
  '[click](data:text/html,<script>hacked()</script>)',
  '[click](vbscript:hacked())',
  '![x](x"onerror="hacked())',
  '[x](https://example.org/"onmouseover="hacked())',
  '<https://example.org/"onmouseover=hacked()>',
  'https://example.org/"onmouseover=hacked()//',
  '`<img src=x onerror=hacked()>`',
  '```html\n<script>hacked()</script>\n```',
  '| a |\n|---|\n| <img src=x onerror=hacked()> |',
  '<math><mtext><table><mglyph><style><img src=x onerror=hacked()>',
  '<form><button formaction=javascript:hacked()>x',
  '<style>*{background:url(javascript:hacked())}</style>',
  '{{constructor.constructor("hacked()")()}}',
  '&lt;img src=x onerror=hacked()&gt;',
  '\u202Egro.elpmaxe//:sptth\u202C',
];

/** What a name may hold of it: at most 50 characters and no line breaks. */
const NAMES = CORPUS.filter((text) => text.length <= 50 && !text.includes('\n'));

/** In any order, they belong to whoever wrote the page: everything else came from what people set. */
const OWN_TAGS = new Set(['SCRIPT', 'LINK', 'META', 'TITLE', 'STYLE']);

async function watched(stage: Stage): Promise<{ page: Page; calls: string[] }> {
  const page = await stage.page();
  const calls: string[] = [];
  await page.exposeFunction('hacked', () => calls.push('hacked'));
  page.on('dialog', (dialog) => {
    calls.push(dialog.message());
    void dialog.dismiss();
  });
  return { page, calls };
}

/** What is in the page and must never be: handlers, frames, forms that lead somewhere, addresses that run. */
const foreignNodes = (page: Page): Promise<string[]> =>
  page.evaluate(
    (own) =>
      [...document.querySelectorAll('*')]
        .filter(
          (element) =>
            ['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'MATH'].includes(element.tagName) ||
            (own.includes(element.tagName) && element.closest('#root') !== null) ||
            [...element.attributes].some(
              ({ name, value }) =>
                /^on|^srcdoc$|^formaction$/i.test(name) || /^\s*(javascript|vbscript|data:text)/i.test(value),
            ),
        )
        .map(({ outerHTML }) => outerHTML.slice(0, 200)),
    [...OWN_TAGS],
  );

/** Everything there is to press in what others wrote is pressed. */
async function pressLinks(page: Page): Promise<void> {
  for (const link of await page.getByRole('feed').getByRole('link').all()) {
    await link.dispatchEvent('mouseover');
    const address = await link.getAttribute('href');
    expect(address).toMatch(/^(https?:|mailto:)/);
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer nofollow ugc');
  }
}

inBrowser('what people set', (stage) => {
  test('runs nowhere: messages, names, places, descriptions and file names', async () => {
    const { page, calls } = await watched(stage());
    await register(page, 'ann', 'Ann');
    const { api } = stage().app;
    const people: Account[] = [];
    for (const [i, displayName] of NAMES.entries()) {
      const person = await api.register(`mallory${i}`);
      const location = displayName;
      const changed = await person.api.patch('/users/me', {
        displayName,
        bio: CORPUS.join(' ').slice(0, 500),
        location,
      });
      expect(changed.status).toBe(200);
      people.push(person);
    }
    const [mallory] = people;
    if (!mallory) throw new Error('there is nobody');
    const { body: login } = await api.post('/auth/login', { login: 'ann', password: PASSWORD });

    const name = NAMES.join(' ').slice(0, 100);
    const memberIds = [login.user.id, ...people.slice(1).map(({ id }) => id)];
    const { body: chat } = await mallory.api.post('/chats', { kind: 'group', name, memberIds });
    await mallory.api.patch(`/chats/${chat.id}`, { description: CORPUS.join(' ').slice(0, 500) });
    for (const [i, content] of CORPUS.entries()) {
      const writer = people[i % people.length] ?? mallory;
      await writer.api.post(`/chats/${chat.id}/messages`, {
        content,
        attachmentIds: [await upload(writer, stage(), content)],
      });
    }
    const { body: room } = await mallory.api.post('/chats', { kind: 'public', name });
    await mallory.api.patch(`/chats/${room.id}`, { description: CORPUS[1] });

    await page.goto(`${stage().app.url}/chats/${chat.id}`);
    for (const text of ['hacked()', 'constructor']) await message(page, text).first().waitFor();
    await page.getByRole('feed').getByRole('link').first().waitFor();
    await pressLinks(page);
    expect(await foreignNodes(page)).toEqual([]);

    await page.getByRole('button', { name: 'Details' }).last().click();
    await page.getByRole('dialog').getByText('Owner', { exact: true }).waitFor();
    expect(await foreignNodes(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('mallory');
    await page
      .getByRole('option', { name: /mallory1/ })
      .first()
      .waitFor();
    expect(await foreignNodes(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await chooseNew(page, 'Public rooms');
    await page.getByRole('button', { name: /^Join/ }).waitFor();
    expect(await foreignNodes(page)).toEqual([]);
    await page.goto(`${stage().app.url}/chats/${encodeURIComponent('"><img src=x onerror=hacked()>')}`);
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
    expect(calls).toEqual([]);
  });

  test('runs nowhere either where one writes, edits and looks at earlier versions of it', async () => {
    const { page, calls } = await watched(stage());
    await page.goto(`${stage().app.url}/sign-in`);
    await signIn(page, 'ann');
    await openChatWith(page, 'mallory0');
    for (const text of CORPUS.slice(0, 6)) await send(page, text);
    await page
      .getByLabel('Sent', { exact: true })
      .or(page.getByText('Sent', { exact: true }))
      .nth(5)
      .waitFor();
    await field(page).press('ArrowUp');
    await field(page).fill(CORPUS[1] ?? '');
    await field(page).press('Enter');
    await page.getByRole('button', { name: 'edited' }).click();
    await page.getByRole('dialog').getByText('Now', { exact: true }).waitFor();
    expect(await foreignNodes(page)).toEqual([]);
    expect(calls).toEqual([]);
  });

  test('of a link one sees where it leads', async () => {
    const page = await stage().page('/sign-in');
    await signIn(page, 'ann');
    await openChatWith(page, 'mallory1');
    await send(page, '[https://bank.example](https://evil.example/login) and [bank.example](https://bank.example/)');
    const links = page.getByRole('feed').getByRole('link');
    await links.first().waitFor();
    expect(await links.allTextContents()).toEqual(['https://bank.example (evil.example)', 'bank.example']);
  });
});

async function upload({ accessToken }: Account, { app }: Stage, name: string): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob(['plain text']), `${name.replaceAll(/[\n/\\]/g, '')}.txt`);
  const headers = { authorization: `Bearer ${accessToken}` };
  const answer = await fetch(`${app.url}/api/v1/attachments`, { method: 'POST', headers, body: form });
  expect(answer.status).toBe(201);
  return (await answer.json()).id;
}
