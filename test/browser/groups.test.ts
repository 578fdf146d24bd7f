import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Account } from '../support/api-client.ts';
import { chooseNew, inBrowser, message, register, type Stage, send, texts } from './support/stage.ts';

/** A group with one other, made by hand; its details are open. */
async function aGroup(stage: Stage, tag: string): Promise<{ page: Page; bob: Account; chatId: string }> {
  const bob = await stage.app.api.register(`bob-${tag}`);
  const page = await stage.page();
  await register(page, `ann-${tag}`, `Ann ${tag}`);
  await chooseNew(page, 'New group');
  await page.getByLabel('Name of the group').fill(`Team ${tag}`);
  await page.getByLabel('Name or username').fill(bob.username);
  await page.getByRole('dialog').getByRole('button', { name: bob.username }).first().click();
  await page.getByRole('button', { name: 'Create group' }).click();
  await page.getByRole('heading', { name: `Team ${tag}` }).waitFor();
  const chatId = page.url().split('/').at(-1) ?? '';
  return { page, bob, chatId };
}

const openDetails = (page: Page): Promise<void> => page.getByRole('button', { name: 'Details' }).last().click();

inBrowser('groups and rooms', (stage) => {
  test('an owner renames a group, adds people, gives roles, removes, hands over and leaves', async () => {
    const { page, bob } = await aGroup(stage(), 'owner');
    const cem = await stage().app.api.register('cem-owner');
    await openDetails(page);
    const details = page.getByRole('dialog', { name: 'Details' });
    await details.getByRole('button', { name: 'Rename' }).click();
    await details.getByLabel('Name of the group').fill('Renamed');
    await details.getByLabel('Description').fill('What it is for');
    await details.getByRole('button', { name: 'Save' }).click();
    await details.getByText('What it is for').waitFor();

    await details.getByRole('button', { name: 'Add people' }).click();
    const adding = page.getByRole('dialog', { name: 'Add people' });
    await adding.getByLabel('Name or username').fill(cem.username);
    await adding.getByRole('button', { name: cem.username }).first().click();
    await adding.getByRole('button', { name: 'Add people' }).click();
    await adding.waitFor({ state: 'hidden' });
    await details.getByText(cem.username, { exact: true }).waitFor();

    const act = async (username: string, item: string) => {
      await details.getByRole('button', { name: `Actions for ${username}` }).click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await act(bob.username, 'Make an admin');
    await details.getByText('Admin', { exact: true }).waitFor();
    await act(cem.username, 'Remove');
    await page
      .getByRole('dialog', { name: `Remove ${cem.username}?` })
      .getByRole('button', { name: 'Remove' })
      .click();
    await details.getByText(cem.username, { exact: true }).waitFor({ state: 'detached' });
    await act(bob.username, 'Hand the group over');
    await page
      .getByRole('dialog', { name: /^Hand the group over/ })
      .getByRole('button', { name: 'Hand' })
      .click();
    await details.getByRole('button', { name: 'Delete chat' }).waitFor({ state: 'detached' });

    await details.getByRole('switch', { name: /^Mute/ }).click();
    await details.getByRole('switch', { name: /^Mute/, checked: true }).waitFor();
    await details.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('dialog', { name: 'Leave Renamed?' }).getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'No chats yet' }).waitFor();
  });

  test('what happened to a group stands in its history', async () => {
    const { page, bob, chatId } = await aGroup(stage(), 'lines');
    await bob.api.patch(`/chats/${chatId}`, { name: 'Crew' });
    await message(page, `bob-lines renamed it to Crew`).waitFor();
    await bob.api.delete(`/chats/${chatId}/members/me`);
    await message(page, 'bob-lines left').waitFor();
    await message(page, 'Ann lines created the group Team lines').waitFor();
  });

  test('a chat that is deleted is gone for who is looking at it', async () => {
    const { page, chatId } = await aGroup(stage(), 'gone');
    await openDetails(page);
    await page.getByRole('button', { name: 'Delete chat' }).click();
    await page.getByRole('dialog', { name: 'Delete this chat?' }).getByRole('button', { name: 'Delete chat' }).click();
    await page.getByRole('heading', { name: 'No chats yet' }).waitFor();
    await page.goto(`${stage().app.url}/chats/${chatId}`);
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  });

  test('a public room is found, joined, written in and left', async () => {
    const owner = await stage().app.api.register('host');
    await owner.api.post('/chats', { kind: 'public', name: 'Lobby' });
    const page = await stage().page();
    await register(page, 'guest', 'Guest');
    await chooseNew(page, 'Public rooms');
    await page.getByRole('dialog').getByLabel('Search').fill('lob');
    await page.getByRole('button', { name: 'Join Lobby' }).click();
    await page.getByRole('heading', { name: 'Lobby' }).waitFor();
    await send(page, 'hello');
    await message(page, 'hello').getByText('Sent', { exact: true }).waitFor();
    await openDetails(page);
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('dialog', { name: 'Leave Lobby?' }).getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'No chats yet' }).waitFor();
  });

  test('a reply leads to what it replies to, far up in the history, and a date to its first line', async () => {
    const { page, bob, chatId } = await aGroup(stage(), 'jumps');
    const lines = (from: number) => Array.from({ length: 100 }, (_, i) => ({ content: `line ${from + i}` }));
    const { body: first } = await bob.api.post(`/chats/${chatId}/messages`, { content: 'the beginning' });
    for (const from of [0, 100, 200]) await bob.api.post(`/chats/${chatId}/messages`, { messages: lines(from) });
    await bob.api.post(`/chats/${chatId}/messages`, { content: 'the answer', replyTo: first.id });
    await page.getByRole('link', { name: /the answer/ }).waitFor();
    await page.waitForFunction(() => document.title === 'Parley'); // all is read
    await page.reload();
    const beginning = page.getByRole('feed').getByText('line 3', { exact: true }); // its own text is in the answer too
    expect(await beginning.count()).toBe(0);
    await message(page, 'the answer').getByText('the beginning').click();
    await beginning.waitFor();
    await page.getByRole('button', { name: 'To the newest message' }).click();
    await message(page, 'the answer').waitFor();
    await page.getByRole('button', { name: 'Jump to a date' }).click();
    await page.getByLabel('Date', { exact: true }).fill('2020-01-01');
    expect(await beginning.count()).toBe(0);
    await page.getByRole('button', { name: 'Jump', exact: true }).click();
    await beginning.waitFor();
  });

  test('a message that the server refuses stays, says why, and is sent again or thrown away', async () => {
    const page = await stage().page();
    let refusing = true;
    await page.routeWebSocket(/\/api\/v1\/ws/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((text) => {
        const { type, id } = JSON.parse(`${text}`);
        if (type !== 'message.send' || !refusing) server.send(text);
        else socket.send(JSON.stringify({ type: 'error', id, code: 'FORBIDDEN', detail: 'Not here.' }));
      });
    });
    await register(page, 'refused', 'Re Fused');
    await stage().app.api.register('quiet');
    await chooseNew(page, 'New chat');
    await page.getByRole('dialog').getByLabel('Name or username').fill('quiet');
    await page.getByRole('dialog').getByRole('button', { name: 'quiet' }).first().click();
    await send(page, 'keep me');
    await send(page, 'drop me');
    await message(page, 'keep me').getByText('You may not do that here.').waitFor();
    await message(page, 'drop me').getByRole('button', { name: 'Discard' }).click();
    await message(page, 'drop me').waitFor({ state: 'detached' });
    await page.reload();
    await message(page, 'keep me').getByText('You may not do that here.').waitFor();
    refusing = false;
    await message(page, 'keep me').getByRole('button', { name: 'Send again' }).click();
    await message(page, 'keep me').getByText('Sent', { exact: true }).waitFor();
    expect(await texts(page)).toEqual(['keep me']);
  });
});
