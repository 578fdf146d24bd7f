import { expect, test } from '@jest/globals';
import type { CDPSession, Page } from 'playwright-core';
import type { Account } from '../support/api-client.ts';
import { inBrowser, signIn } from './support/stage.ts';

const LINES = 10_000;
const CHATS = 1_000;
const LINES_EACH = 49;
const BATCH = 100;
/** In pixels a frame: at 60 frames, forty screens a second. */
const STEP = 480;
/** In pixels: how far a line may be from where scrolling has put it. */
const DRIFT_MAX = 2;
/** In milliseconds: a frame that took longer, and SOON frames after it, are not held against the page: the machine stood still. */
const LATE_MS = 100;
const SOON = 5;
/** Fifty lines are of some 700 elements; 10,000 would be of 130,000. */
const ELEMENTS_MAX = 3_000;

/** Of all heights: one line, some, a page. */
const contentOf = (at: number): string =>
  `line ${at}${' and so on'.repeat((at * at) % 7)}${at % 97 === 0 ? '\nmore'.repeat(20) : ''}`;

async function fill(account: Account, chatId: string): Promise<void> {
  for (let from = 1; from <= LINES; from += BATCH) {
    const messages = Array.from({ length: BATCH }, (_, at) => ({ content: contentOf(from + at) }));
    expect((await account.api.post(`/chats/${chatId}/messages`, { messages })).status).toBe(201);
  }
}

/** How a way through the history went. */
interface Ride {
  readonly frames: number;
  /** Of these, how many were drawn in time. */
  readonly whole: number;
  /** In pixels: how far a line that stayed in sight was from where it should have been, at most. */
  readonly drift: number;
  /** Each time that it was too far. */
  readonly drifts: readonly string[];
  /** As drift, in frames that came late and right after. */
  readonly lateDrift: number;
  /** How many elements the page had, at most. */
  readonly elements: number;
  /** In milliseconds by the clock, the longest task. */
  readonly longest: number;
}

/** Scrolls, a step a frame, until this line is in sight, and looks after each frame whether all stands where it should. */
const ride = (page: Page, step: number, until: number): Promise<Ride> =>
  page.evaluate(
    async ([step, until, late, soon, most]) => {
      const LEEWAY = 80; // what is between two lines, or above the first
      const scroller = document.querySelector('[role=feed]') as HTMLElement;
      const ride = { frames: 0, whole: 0, drift: 0, lateDrift: 0, elements: 0, longest: 0 };
      const drifts: string[] = [];
      const tasks = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) ride.longest = Math.max(ride.longest, duration);
      });
      tasks.observe({ type: 'longtask' });
      const painted = () =>
        new Promise<void>((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve();
          requestAnimationFrame(() => port2.postMessage(null));
        });
      /** Where the lines in sight are; of a frame for which the list has not drawn or measured them all, none. */
      const inSight = () => {
        const { top, bottom } = scroller.getBoundingClientRect();
        const lines = [...scroller.querySelectorAll('[aria-posinset]')]
          .map((line) => ({ line, box: line.getBoundingClientRect() }))
          .filter(({ box }) => box.bottom > top && box.top < bottom);
        const above = Math.min(...lines.map(({ box }) => box.top)) - top;
        const below = bottom - Math.max(...lines.map(({ box }) => box.bottom));
        const left = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
        const isWhole =
          lines.every(({ line }) => line.checkVisibility({ visibilityProperty: true })) &&
          (above < LEEWAY || scroller.scrollTop < LEEWAY) &&
          (below < LEEWAY || left < LEEWAY);
        return new Map(isWhole ? lines.map(({ line, box }) => [line.ariaPosInSet, box.top]) : []);
      };
      let before: ReturnType<typeof inSight> = new Map();
      let inTime = 0;
      let drawn = performance.now();
      for (let moved = 0; ; ) {
        await painted();
        const isLate = performance.now() - drawn > late;
        drawn = performance.now();
        inTime = isLate ? 0 : inTime + 1;
        const now = inSight();
        for (const [line, top] of now) {
          const drift = (before.get(line) ?? top + moved) - moved - top;
          const kind = inTime < soon ? 'lateDrift' : 'drift';
          ride[kind] = Math.max(ride[kind], Math.abs(drift));
          if (kind === 'drift' && Math.abs(drift) > most) {
            drifts.push(`line ${line}: ${drift} px at ${scroller.scrollTop} of ${scroller.scrollHeight}`);
          }
        }
        ride.frames += 1;
        if (now.size > 0) ride.whole += 1;
        ride.elements = Math.max(ride.elements, document.getElementsByTagName('*').length);
        if (now.has(String(until))) break;
        before = now;
        const { scrollTop } = scroller;
        scroller.scrollTop += step;
        moved = scroller.scrollTop - scrollTop;
      }
      tasks.disconnect();
      return { ...ride, drifts };
    },
    [step, until, LATE_MS, SOON, DRIFT_MAX] as const,
  );

/** When the list has noticed that nobody scrolls: it takes a turn without a pause for more of the same. */
const atRest = (page: Page) =>
  page.waitForFunction(() => !document.querySelector('[role=feed] > [style*="pointer-events: none"]'));

/** When the first lines are drawn, also those that are not in sight. */
const settled = (page: Page) =>
  page.waitForFunction(() => document.querySelectorAll('[role=feed] [aria-posinset]').length > 45);

/** In bytes, without what nobody holds. */
async function heapOf(devtools: CDPSession): Promise<number> {
  for (let pass = 0; pass < 3; pass += 1) await devtools.send('HeapProfiler.collectGarbage');
  return (await devtools.send('Runtime.getHeapUsage')).usedSize;
}

/** Notes how long the longest task of the page takes, in milliseconds of its own CPU, until it is asked. */
async function watchTasks(devtools: CDPSession): Promise<() => Promise<number>> {
  let longest = 0;
  devtools.on('Tracing.dataCollected', ({ value }) => {
    for (const { name, tdur } of value as { name?: string; tdur?: number }[]) {
      if (name === 'RunTask') longest = Math.max(longest, (tdur ?? 0) / 1_000);
    }
  });
  const traceConfig = { includedCategories: ['disabled-by-default-devtools.timeline'], excludedCategories: ['*'] };
  await devtools.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  return async () => {
    const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
    await devtools.send('Tracing.end');
    await complete;
    return longest;
  };
}

/** The middle one and the worst, as "12 ms (at most 30)". */
function figureOf(times: readonly number[]): string {
  const inOrder = times.toSorted((a, b) => a - b);
  return `${inOrder[inOrder.length >> 1]?.toFixed(0)} ms (at most ${inOrder.at(-1)?.toFixed(0)})`;
}

/** How long it takes, in milliseconds, from opening the page until the list of chats is drawn. */
async function listTime(page: Page): Promise<number> {
  await page.reload({ waitUntil: 'commit' });
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () =>
          document.querySelector('nav a[href^="/chats/"]') ? resolve(performance.now()) : requestAnimationFrame(look);
        look();
      }),
  );
}

/** How long it takes, in milliseconds, from the click on a chat of the list until its last line is drawn. */
const openingTimes = (page: Page): Promise<number[]> =>
  page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const times: number[] = [];
    for (const link of [...document.querySelectorAll<HTMLElement>('nav a[href^="/chats/"]')].slice(0, 8)) {
      const name = link.querySelector('bdi')?.textContent ?? '';
      const start = performance.now();
      link.click();
      while (!document.querySelector('[role=feed]')?.textContent?.includes(`the last of ${name}.`)) await frame();
      await frame();
      times.push(performance.now() - start);
      await new Promise((resolve) => requestIdleCallback(resolve));
    }
    return times;
  });

inBrowser('a lot of everything', (stage) => {
  test('somebody with 1,000 chats sees them at once, and goes from one to the next', async () => {
    const ann = await stage().app.api.register('ann-many');
    for (let at = 1; at <= CHATS; at += 1) {
      const { body: chat } = await ann.api.post('/chats', { kind: 'group', name: `Team ${at}`, memberIds: [] });
      const messages = Array.from({ length: LINES_EACH }, (_, line) => ({ content: contentOf(line) }));
      await ann.api.post(`/chats/${chat.id}/messages`, {
        messages: [...messages, { content: `the last of Team ${at}.` }],
      });
    }
    const page = await stage().page('/sign-in');
    await signIn(page, 'ann-many');
    const list: number[] = [];
    for (let pass = 0; pass < 5; pass += 1) list.push(await listTime(page));
    await page.getByRole('link', { name: `Team ${CHATS}` }).waitFor();
    const first = await openingTimes(page);
    const again = await openingTimes(page);
    process.stdout.write(
      `${CHATS} chats: the list is drawn ${figureOf(list)} after the page was opened; ` +
        `a chat opens in ${figureOf(first)}, again in ${figureOf(again)}\n`,
    );
    expect([...list, ...first, ...again].every((ms) => ms > 0)).toBe(true);
  });

  test('10,000 messages are scrolled to the first and back', async () => {
    const { url, api } = stage().app;
    const [ann, bob] = [await api.register('ann-long'), await api.register('bob-long')];
    const { body: chat } = await ann.api.post('/chats', { kind: 'direct', userId: bob.id });
    await fill(ann, chat.id);
    const page = await stage().page('/sign-in');
    await signIn(page, 'ann-long');
    await page.goto(`${url}/chats/${chat.id}`);
    await page.getByRole('feed').getByText(`line ${LINES}`).waitFor();
    await settled(page);
    await atRest(page);
    const devtools = await page.context().newCDPSession(page);

    const warm = await ride(page, -STEP, LINES - 1_000);
    const heapBefore = await heapOf(devtools);
    const longestTask = await watchTasks(devtools);
    const up = await ride(page, -STEP, 1);
    await atRest(page);
    const down = await ride(page, STEP, LINES);
    const task = await longestTask();
    const heapAfter = await heapOf(devtools);

    const rides = [warm, up, down];
    const most = (of: (ride: Ride) => number) => Math.max(...rides.map(of));
    const [before, after] = [heapBefore, heapAfter].map((bytes) => (bytes / 1e6).toFixed(1));
    process.stdout.write(
      `10,000 messages, up and down: ${up.frames} and ${down.frames} frames (whole: ${up.whole}, ${down.whole}), ` +
        `at most ${most((ride) => ride.drift).toFixed(1)} px off, ${most((ride) => ride.lateDrift).toFixed(1)} at those that came late; ` +
        `longest task ${task.toFixed(0)} ms of CPU (${most((ride) => ride.longest).toFixed(0)} ms by the clock); ` +
        `at most ${most((ride) => ride.elements)} elements; heap ${before} → ${after} MB\n`,
    );
    expect(Math.min(up.whole / up.frames, down.whole / down.frames)).toBeGreaterThan(0.5);
    expect(rides.flatMap((ride) => ride.drifts)).toEqual([]);
    expect(task).toBeGreaterThan(0);
    expect(most((ride) => ride.elements)).toBeLessThan(ELEMENTS_MAX);
    expect(heapAfter).toBeLessThan(2 * heapBefore);

    await page.getByRole('feed').press('Home');
    await page.getByRole('feed').getByText('line 7', { exact: true }).waitFor();
  });
});
