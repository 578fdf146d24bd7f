import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { chooseNew, field, inBrowser, message, openChatWith, register, type Stage, send } from './support/stage.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const THEMES = ['light', 'dark'] as const;

/** What axe finds that keeps somebody from using the page, as "rule: where". */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  // Colours are looked at when nothing moves any more.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null))),
  );
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}: ${failureSummary}`),
    );
}

/** Every screen, and how one gets there from the chat that is open. */
const SCREENS: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  'a conversation': async () => undefined,
  'the menu of a message': async (page) => {
    await message(page, 'plain').hover();
    await message(page, 'plain')
      .getByRole('button', { name: /^Actions/ })
      .click();
    await page.getByRole('menuitem', { name: 'Copy text' }).waitFor();
  },
  'a reply': async (page) => {
    await message(page, 'plain').hover();
    await message(page, 'plain').getByRole('button', { name: 'Reply', exact: true }).click();
    await page.getByRole('button', { name: 'Do not reply' }).waitFor();
  },
  emoji: async (page) => {
    await page.getByRole('button', { name: 'Emoji' }).click();
    await page.getByRole('searchbox', { name: 'Search emoji' }).waitFor();
  },
  'the chat list alone': (page) => page.goto(new URL('/', page.url()).href),
  'an unknown address': (page) => page.goto(new URL('/nowhere', page.url()).href),
  details: async (page) => {
    await page.getByRole('button', { name: 'Details' }).last().click();
    await page.getByText('Owner', { exact: true }).waitFor();
  },
  'jump to a date': async (page) => {
    await page.getByRole('button', { name: 'Jump to a date' }).click();
    await page.getByLabel('Date', { exact: true }).waitFor();
  },
  'new chat': (page) => choose(page, 'New chat', 'Name or username'),
  'new group': (page) => choose(page, 'New group', 'Name of the group'),
  rooms: async (page) => {
    await chooseNew(page, 'Public rooms');
    await page.getByText('There are no public rooms yet').waitFor();
  },
  settings: async (page) => {
    await page.getByRole('button', { name: /^Settings/ }).click();
    await page.getByText('This device').waitFor();
  },
  palette: async (page) => {
    await page.keyboard.press('Control+k');
    await page.getByRole('option').first().waitFor();
  },
  shortcuts: async (page) => {
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click();
    await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
  },
};

async function choose(page: Page, item: string, then: string): Promise<void> {
  await chooseNew(page, item);
  await page.getByRole('dialog').getByLabel(then, { exact: true }).waitFor();
}

const MARKDOWN = '# Title\n**bold** `code` [here](https://example.org/)\n\n> quoted\n\n```\nlet a = 1;\n```';

/** Somebody with a group of three in which something of every kind was written. */
async function aWorkspace(stage: Stage, tag: string): Promise<Page> {
  const page = await stage.page();
  await register(page, `ann-${tag}`, `Ann ${tag}`);
  const [bob, cem] = await Promise.all([stage.app.api.register(`bob-${tag}`), stage.app.api.register(`cem-${tag}`)]);
  await openChatWith(page, bob.username);
  await chooseNew(page, 'New group');
  await page.getByLabel('Name of the group').fill(`Team ${tag}`);
  for (const { username } of [bob, cem]) {
    await page.getByLabel('Name or username').fill(username);
    await page
      .getByRole('button', { name: new RegExp(`^.*${username}$`) })
      .first()
      .click();
  }
  await page.getByRole('button', { name: 'Create group' }).click();
  await field(page).waitFor();
  await send(page, 'plain');
  await send(page, MARKDOWN);
  const chatId = page.url().split('/').at(-1);
  await bob.api.post(`/chats/${chatId}/messages`, { content: 'from Bob' });
  await message(page, 'from Bob').waitFor();
  return page;
}

inBrowser('accessibility', (stage) => {
  test.each(THEMES)('at the entrance nothing serious is found, %s', async (colorScheme) => {
    for (const path of ['/sign-in', '/register', '/forgotten-password', '/reset-password']) {
      const page = await stage().page(path, { colorScheme });
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect({ path, findings: await seriousFindings(page) }).toEqual({ path, findings: [] });
    }
  });

  test.each(THEMES)('on no screen of the workspace anything serious is found, %s', async (colorScheme) => {
    const page = await aWorkspace(stage(), colorScheme);
    await page.emulateMedia({ colorScheme });
    const chat = page.url();
    for (const [screen, go] of Object.entries(SCREENS)) {
      await page.goto(chat);
      await message(page, 'from Bob').waitFor();
      await go(page);
      expect({ screen, findings: await seriousFindings(page) }).toEqual({ screen, findings: [] });
    }
  });
});
