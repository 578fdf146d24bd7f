import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { PASSWORD } from '../support/api-client.ts';
import { chooseNew, field, holds, inBrowser, message, register, send, texts, twoPeople } from './support/stage.ts';

const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };

/** Goes on with Tab until this has the focus. */
async function tabTo(
  page: Page,
  name: string | RegExp,
  role: 'button' | 'textbox' | 'link' | 'combobox' = 'button',
): Promise<void> {
  const wanted = page.getByRole(role, { name }).first();
  await wanted.waitFor();
  for (let pressed = 0; pressed < 40; pressed += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${name}`);
}

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');

inBrowser('the main path', (stage) => {
  test('by keyboard alone: register, find somebody, write, edit, reply, sign out', async () => {
    await stage().app.api.register('barbara');
    const page = await stage().page('/sign-in');
    const { keyboard } = page;
    await tabTo(page, 'Create account', 'link');
    await keyboard.press('Enter');
    await tabTo(page, 'Username', 'textbox');
    await keyboard.type('keys');
    await tabTo(page, 'E-mail', 'textbox');
    await keyboard.type('keys@example.org');
    await keyboard.press('Tab');
    await page.waitForFunction(() => document.activeElement?.matches('[type=password]'));
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'No chats yet' }).waitFor();

    await keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await keyboard.type('barbara');
    await page.getByRole('option', { name: 'barbara' }).waitFor();
    await keyboard.press('Enter');
    await field(page).waitFor();
    await page.waitForFunction(() => document.activeElement?.matches('textarea'));
    await keyboard.type('first');
    await keyboard.press('Enter');
    await message(page, 'first').getByText('Sent', { exact: true }).waitFor();

    await keyboard.press('ArrowUp');
    await page.getByRole('button', { name: 'Leave it as it was' }).waitFor();
    await holds(page, 'first');
    await keyboard.type(', edited');
    await holds(page, 'first, edited');
    await keyboard.press('Enter');
    await message(page, 'first, edited').getByText('edited', { exact: true }).waitFor();
    await holds(page, '');

    await keyboard.press('Shift+Tab'); // the button that attaches files
    await keyboard.press('Shift+Tab');
    expect(await focused(page)).toBe('Messages');
    await keyboard.press('ArrowUp');
    await page.waitForFunction(() => document.activeElement?.matches('article'));
    await keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Reply' }).waitFor();
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Do not reply' }).waitFor();
    await keyboard.type('second');
    await keyboard.press('Enter');
    await message(page, 'second').getByText('first, edited').waitFor();

    await tabTo(page, /^Settings/);
    await tabTo(page, 'More');
    await keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    await keyboard.press('End');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  });

  test('who has a chat with one is found once', async () => {
    await stage().app.api.register('bob-too');
    const { ann } = await twoPeople(stage(), 'once');
    await ann.keyboard.press('Control+k');
    await ann.getByRole('combobox').fill('bob');
    await ann.getByRole('group', { name: 'People' }).getByRole('option', { name: 'bob-too' }).waitFor();
    expect(await ann.getByRole('option', { name: 'Bob once' }).count()).toBe(1);
  });

  test('Esc closes what is open, and the focus goes back to where it was', async () => {
    const page = await stage().page();
    await register(page, 'escape', 'Esc Ape');
    for (const open of ['New chat', 'More']) {
      await tabTo(page, open);
      await page.keyboard.press('Enter');
      await page.getByRole('menuitem').first().waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('menuitem').first().waitFor({ state: 'hidden' });
      expect(await focused(page)).toBe(open);
    }
    await chooseNew(page, 'New group');
    await page.waitForFunction(() => document.activeElement?.matches('dialog input'));
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).labels?.[0]?.textContent)).toBe(
      'Name of the group',
    );
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await tabTo(page, 'More');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('More');
  });

  test('on a phone of 320 pixels: register, find somebody, write, go back; nothing stands out at the side', async () => {
    const { api } = await stage().app.api.register('pocket');
    const page = await stage().page('/', PHONE);
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    await register(page, 'phone', 'Phone');
    await page.getByRole('button', { name: 'New chat' }).first().tap();
    await page.getByRole('menuitem', { name: 'New chat' }).tap();
    await page.getByLabel('Name or username').fill('pocket');
    await page.getByRole('dialog').getByRole('button', { name: 'pocket' }).tap();
    await field(page).waitFor();
    await field(page).fill('from a phone');
    await page.getByRole('button', { name: 'Send' }).tap();
    await message(page, 'from a phone').waitFor();
    const send = page.getByRole('button', { name: 'Send' });
    const box = await send.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(320);
    expect(await width()).toBe(320);

    const chatId = page.url().split('/').at(-1);
    await api.post(`/chats/${chatId}/messages`, { content: `https://example.org/${'long'.repeat(60)}` });
    await message(page, 'longlong').waitFor();
    expect(await width()).toBe(320);

    const choose = async (action: string) => {
      await message(page, 'from a phone')
        .getByRole('button', { name: /^Actions/ })
        .tap();
      await page.getByRole('menuitem', { name: action }).tap();
    };
    await choose('Edit');
    await field(page).fill('edited, from a phone');
    await page.getByRole('button', { name: 'Save' }).tap();
    await holds(page, '');
    const edited = message(page, 'from a phone').getByRole('button', { name: 'edited' });
    await edited.tap({ position: { x: 1, y: 43 } }); // all of it is to be pressed
    await page.getByRole('dialog', { name: 'Earlier versions' }).getByRole('button', { name: 'Close' }).tap();
    await choose('Reply');
    await page.getByRole('button', { name: 'Do not reply' }).waitFor();
    await page.evaluate(() => {
      Object.defineProperty(visualViewport, 'height', { value: 300 }); // a keyboard that lies over the page
      visualViewport?.dispatchEvent(new Event('resize'));
    });
    const line = await field(page).boundingBox();
    expect((line?.y ?? 0) + (line?.height ?? 0)).toBeLessThanOrEqual(300);
    await page.getByRole('link', { name: 'Back' }).tap();
    await page.getByRole('link', { name: /pocket/ }).waitFor();
    expect(await width()).toBe(320);
  });

  test('from right to left everything is on the other side, and stays within the page', async () => {
    const page = await stage().page();
    await register(page, 'mirror', 'Mirror');
    await chooseNew(page, 'New chat');
    await page.getByRole('dialog').getByRole('button', { name: 'pocket' }).click();
    await send(page, 'mine');
    await message(page, 'mine').getByText('Sent', { exact: true }).waitFor();
    const startOf = async () => (await message(page, 'mine').boundingBox())?.x ?? 0;
    const before = await startOf();
    await page.evaluate(() => {
      document.documentElement.dir = 'rtl';
    });
    expect(await startOf()).toBeLessThan(before / 2);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(1280);
    expect(await texts(page)).toEqual(['mine']);
  });

  test('over plain HTTP in a local network, where browsers keep much from a page, one can chat all the same', async () => {
    const { port } = new URL(stage().app.url);
    const page = await stage().page('/', { url: `http://parley.test:${port}` });
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await register(page, 'plain', 'Plain');
    await chooseNew(page, 'New chat');
    await page.getByRole('dialog').getByRole('button', { name: 'pocket' }).click();
    await send(page, 'hello');
    await message(page, 'hello').getByText('Sent', { exact: true }).waitFor();
  });

  test('the whole page speaks French when the browser does', async () => {
    const page = await stage().page('/sign-in', { locale: 'fr-FR' });
    await page.getByRole('heading', { name: 'Heureux de vous revoir' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('fr');
    await stage().app.api.register('francoise');
    await page.getByLabel('Identifiant ou e-mail').fill('francoise');
    await page.getByLabel('Mot de passe').fill(PASSWORD);
    await page.getByRole('button', { name: 'Se connecter' }).click();
    await page.getByRole('complementary', { name: 'Conversations' }).waitFor();
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Raccourcis clavier' });
    await keys.getByRole('term').filter({ hasText: 'Échap' }).waitFor();
    expect(await keys.getByRole('term').filter({ hasText: 'Enter' }).count()).toBe(0);
  });
});
