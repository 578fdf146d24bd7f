import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import type { Mail } from '../../../src/application/ports/services.ts';
import { PASSWORD } from '../../support/api-client.ts';
import { type RunningApp, startApp } from '../../support/running-app.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A name that a browser does not trust as it trusts localhost.
  '--host-resolver-rules=MAP parley.test 127.0.0.1',
];
const WEB_CLIENT = fileURLToPath(new URL('../../../web/dist', import.meta.url));
const DESKTOP = { width: 1280, height: 800 };

/** A picture of one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** One browser and one server, empty at the start of each test file. */
export class Stage {
  readonly app: RunningApp;
  /** Those that were sent. */
  readonly mails: readonly Mail[];
  readonly #browser: Browser;
  readonly #pages: Page[] = [];
  /** What no page may do, whatever a test does to it: break the content policy or throw. */
  readonly faults: string[] = [];

  private constructor(app: RunningApp, mails: readonly Mail[], browser: Browser) {
    this.app = app;
    this.mails = mails;
    this.#browser = browser;
  }

  static async open(): Promise<Stage> {
    const mails: Mail[] = [];
    const mailer = { send: async (mail: Mail) => void mails.push(mail) };
    const app = await startApp({ webClient: WEB_CLIENT, mailer });
    return new Stage(app, mails, await chromium.launch({ executablePath: CHROMIUM, args: FLAGS }));
  }

  /** A browser of its own, at this path; nobody is signed in. */
  async page(path = '/', options: BrowserContextOptions & { readonly url?: string } = {}): Promise<Page> {
    const { url = this.app.url, ...context } = options;
    const browser = await this.#browser.newContext({ viewport: DESKTOP, locale: 'en-GB', ...context });
    browser.setDefaultTimeout(60_000); // a machine that others use too may stand still for a while
    const page = await browser.newPage();
    this.watch(page);
    await page.goto(url + path);
    return page;
  }

  /** Notes what this page does wrong. */
  watch(page: Page): void {
    this.#pages.push(page);
    page.on('pageerror', (error) => this.faults.push(`${error}`));
    page.on('console', (line) => {
      if (/content security policy|trusted ?(types|html|script)/i.test(line.text())) this.faults.push(line.text());
    });
  }

  /** Closes every page. */
  async clear(): Promise<void> {
    await Promise.all(this.#pages.splice(0).map((page) => page.context().close()));
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.app.stop();
  }
}

/** Runs a suite where there is a browser; elsewhere it says that it was not run, which with REQUIRE_BROWSER=1 is a failure. */
export function inBrowser(name: string, suite: (stage: () => Stage) => void): void {
  if (!existsSync(CHROMIUM)) {
    const reason = `there is no browser at ${CHROMIUM}`;
    process.stdout.write(`not run: ${name}: ${reason}\n`);
    test(`${name} (not run: ${reason})`, () => {
      if (process.env.REQUIRE_BROWSER === '1') throw new Error(reason);
    });
    return;
  }
  describe(name, () => {
    let stage: Stage | undefined;
    const current = (): Stage => {
      if (!stage) throw new Error('no test is running');
      return stage;
    };
    beforeAll(async () => {
      stage = await Stage.open();
    });
    afterEach(async () => {
      await stage?.clear();
      expect(stage?.faults.splice(0)).toEqual([]);
    });
    afterAll(() => stage?.close());
    suite(current);
  });
}

/** Fills the form at the entrance and waits for the chats. */
export async function register(page: Page, username: string, name: string): Promise<void> {
  await page.goto(new URL('/register', page.url()).href);
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('E-mail').fill(`${username}@example.org`);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('complementary', { name: 'Chats' }).waitFor();
}

export async function signIn(page: Page, username: string): Promise<void> {
  await page.getByLabel('Username or e-mail').fill(username);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('complementary', { name: 'Chats' }).waitFor();
}

/** What the menu of the button for new chats has. */
export async function chooseNew(page: Page, item: string): Promise<void> {
  await page.getByRole('button', { name: 'New chat' }).first().click();
  await page.getByRole('menuitem', { name: item }).click();
}

/** Opens the chat with somebody by finding him. */
export async function openChatWith(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Find a chat or a person' }).fill(name);
  await page.getByRole('option', { name }).first().click();
  await field(page).waitFor();
}

/** Two people in browsers of their own, with the chat between them open. */
export async function twoPeople(stage: Stage, tag: string, url?: string): Promise<{ ann: Page; bob: Page }> {
  const options = url === undefined ? {} : { url };
  const [ann, bob] = await Promise.all([stage.page('/', options), stage.page('/', options)]);
  await register(ann, `ann-${tag}`, `Ann ${tag}`);
  await register(bob, `bob-${tag}`, `Bob ${tag}`);
  await openChatWith(ann, `Bob ${tag}`);
  await openChatWith(bob, `Ann ${tag}`);
  return { ann, bob };
}

/** Where one writes. */
export const field = (page: Page): Locator => page.getByRole('textbox', { name: /^Write to / });

export async function send(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await page.keyboard.press('Enter');
}

/** Waits until this is what is in the field where one writes. */
export const holds = (page: Page, text: string) =>
  page.waitForFunction((wanted) => document.querySelector('textarea')?.value === wanted, text);

/** The texts of the messages in sight, oldest first. */
export const texts = (page: Page): Promise<string[]> =>
  page.getByRole('feed').locator('article [dir="auto"]').allTextContents();

/** A message by its text. */
export const message = (page: Page, text: string): Locator =>
  page.getByRole('feed').getByRole('article').filter({ hasText: text });

/** Waits until some of it is where one can see it. */
export async function untilInSight(line: Locator): Promise<void> {
  while (!(await isInSight(line))) await line.page().waitForTimeout(50);
}

/** Whether some of it is where one can see it. What is only mounted, further up or down, is not. */
export async function isInSight(line: Locator): Promise<boolean> {
  if ((await line.count()) === 0) return false;
  return line.evaluate(
    (element) =>
      new Promise((resolve) => {
        new IntersectionObserver(([entry]) => resolve(entry?.isIntersecting === true)).observe(element);
      }),
  );
}
