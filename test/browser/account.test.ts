import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Mail } from '../../src/application/ports/services.ts';
import { ApiClient, PASSWORD } from '../support/api-client.ts';
import { inBrowser, PNG, register, signIn } from './support/stage.ts';

async function openSettings(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Settings/ }).click();
  await page.getByRole('dialog', { name: 'Settings' }).waitFor();
}

inBrowser('an account', (stage) => {
  test('what is wrong with a registration is said where it is wrong', async () => {
    await stage().app.api.register('taken');
    const page = await stage().page('/register');
    await page.getByLabel('Username').fill('taken');
    await page.getByLabel('E-mail').fill('new@example.org');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByText('Somebody has this username already.').waitFor();
    await page.getByLabel('Username').fill('x y');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('textbox', { name: 'Username' }).and(page.locator('[aria-invalid=true]')).waitFor();
    const name = page.getByRole('textbox', { name: 'Name', exact: true });
    await name.pressSequentially('n'.repeat(51));
    expect(await name.inputValue()).toHaveLength(50);
  });

  test('a forgotten password is replaced by the code of the mail', async () => {
    const page = await stage().page();
    await register(page, 'forgetful', 'For Getful');
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Forgotten your password?' }).click();
    await page.getByLabel('E-mail').fill('forgetful@example.org');
    await page.getByRole('button', { name: 'Send the code' }).click();
    await page.getByLabel('Code from the mail').waitFor();
    await stage().app.mailDelivery.deliverDue();
    const mail = stage().mails.find(({ to }: Mail) => to === 'forgetful@example.org');
    await page.getByLabel('Code from the mail').fill(/^ {2}([\w-]{20,})$/m.exec(mail?.text ?? '')?.[1] ?? '');
    await page.getByLabel('New password').fill('another long password');
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await page.getByLabel('Username or e-mail').fill('forgetful');
    await page.getByLabel('Password').fill('another long password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('complementary', { name: 'Chats' }).waitFor();
  });

  test('the profile, its picture and who may see what are changed in the settings', async () => {
    const page = await stage().page();
    await register(page, 'profile', 'Old Name');
    await openSettings(page);
    await page.getByLabel('Name', { exact: true }).fill('New Name');
    await page.getByLabel('About you', { exact: true }).fill('Hello');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await page.getByRole('switch', { name: /^Private profile/ }).click();
    await page.getByRole('switch', { name: /^Private profile/, checked: true }).waitFor();
    await page.getByLabel('Change picture').setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: PNG });
    await page.getByRole('button', { name: 'Remove picture' }).waitFor();
    await page.locator('aside img[src^="blob:"]').waitFor();

    const { body } = await stage().app.api.post('/auth/login', { login: 'profile', password: PASSWORD });
    expect(body.user).toMatchObject({ displayName: 'New Name', bio: 'Hello', isPrivate: true });
    await page.getByRole('button', { name: 'Remove picture' }).click();
    await page.getByRole('button', { name: 'Remove picture' }).waitFor({ state: 'detached' });
  });

  test('another device is signed out from the list of them', async () => {
    const page = await stage().page();
    await register(page, 'devices', 'De Vices');
    const { url, api } = stage().app;
    const login = { login: 'devices', password: PASSWORD, device: 'an old phone' };
    const { body } = await api.post('/auth/login', login);
    await openSettings(page);
    await page.getByRole('button', { name: 'Sign out an old phone' }).click();
    await page.getByText('an old phone').waitFor({ state: 'detached' });
    expect((await new ApiClient(url, body.accessToken).get('/users/me')).status).toBe(401);
    expect(await page.getByText('This device').count()).toBe(1);
  });

  test('theme, contrast and language are kept in this browser', async () => {
    const page = await stage().page();
    await register(page, 'looks', 'Looks');
    await openSettings(page);
    await page.getByText('Dark', { exact: true }).click();
    await page.getByRole('switch', { name: 'High contrast' }).click();
    await page.getByText('Français').click();
    await page.getByRole('heading', { name: 'Réglages', exact: true }).waitFor();
    await page.reload();
    await page.getByRole('searchbox', { name: 'Rechercher une conversation' }).waitFor();
    const { theme, contrast } = await page.evaluate(() => ({ ...document.documentElement.dataset }));
    expect({ theme, contrast }).toEqual({ theme: 'dark', contrast: 'more' });
  });

  test('the password is changed, and the account deleted, with the password', async () => {
    const page = await stage().page();
    await register(page, 'leaving', 'Lea Ving');
    await openSettings(page);
    await page.getByRole('button', { name: 'Change password' }).click();
    const box = page.getByRole('dialog', { name: 'Change password' });
    await box.getByLabel('Current password').fill('not the password');
    await box.getByLabel('New password').fill('a better password');
    await box.getByRole('button', { name: 'Change password' }).click();
    await box.getByRole('alert').waitFor();
    await box.getByLabel('Current password').fill(PASSWORD);
    await box.getByLabel('New password').fill('password1');
    await box.getByRole('button', { name: 'Change password' }).click();
    await box.getByText('Very many people have this password').waitFor();
    await box.getByLabel('New password').fill('a better password');
    await box.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Your password is changed').waitFor();

    await page.getByRole('button', { name: 'Delete account' }).click();
    const question = page.getByRole('dialog', { name: 'Delete account' });
    await question.getByLabel('Password').fill('a better password');
    await question.getByRole('button', { name: 'Delete account' }).click();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    const login = { login: 'leaving', password: 'a better password' };
    expect((await stage().app.api.post('/auth/login', login)).status).toBe(401);
  });

  test('whoever has signed in stays so when the page is opened again', async () => {
    const page = await stage().page();
    await register(page, 'stays', 'Stays');
    await page.reload();
    await page.getByRole('heading', { name: 'No chats yet' }).waitFor();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await page.reload();
    await signIn(page, 'stays');
  });
});
