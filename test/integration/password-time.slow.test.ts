/** What the time of an answer tells of an account: nothing. And whoever waits for a password to be checked holds nobody else up. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { hash as argon2, verify } from 'argon2';
import type { PasswordHasher } from '../../src/application/ports/services.ts';
import { DiskBlobStore } from '../../src/infrastructure/blobs/disk-blob-store.ts';
import { Argon2PasswordHasher } from '../../src/infrastructure/security/argon2-password-hasher.ts';
import { ApiClient } from '../support/api-client.ts';
import { cleanUpAfterEach } from '../support/clean-ups.ts';
import { FileClient } from '../support/file-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

const EACH = 250;
/** Where hashes take five times as long as they should. */
const PATIENCE_MS = 300_000;
/** Of the chance that an answer of the one kind comes later than one of the other: 0.5 where they are alike, give or take 0.026. */
const ALIKE = [0.35, 0.65] as const;

const afterwards = cleanUpAfterEach();

async function start(hasher: PasswordHasher): Promise<RunningApp> {
  const folder = await temporaryFolder();
  afterwards(folder.remove);
  const app = await startApp({ hasher, blobs: new DiskBlobStore(join(folder.path, 'files')) });
  afterwards(() => app.stop());
  return app;
}

/** Mann and Whitney's U, as a share: how often a value of the one sample is above one of the other. */
function shareAbove(one: readonly number[], other: readonly number[]): number {
  const ranked = [...one.map((ms) => ({ ms, isOne: true })), ...other.map((ms) => ({ ms, isOne: false }))];
  ranked.sort((a, b) => a.ms - b.ms);
  const ranks = ranked.reduce((sum, { isOne }, i) => (isOne ? sum + i + 1 : sum), 0);
  return (ranks - (one.length * (one.length + 1)) / 2) / (one.length * other.length);
}

/** For whoever reads the log; nothing here depends on absolute time. */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

type Ask = (i: number) => Promise<{ readonly status: number; readonly body: unknown }>;

/** Asks in turn, each time the other one first, so that both see the same machine. */
async function compare(what: string, known: Ask, unknown: Ask, each = EACH): Promise<number> {
  const times: [number[], number[]] = [[], []];
  const words = new Set<string>();
  for (let i = 0; i < each; i += 1) {
    for (const which of i % 2 ? ([0, 1] as const) : ([1, 0] as const)) {
      const startedAt = performance.now();
      const { status, body } = await (which === 0 ? known : unknown)(i);
      times[which].push(performance.now() - startedAt);
      words.add(JSON.stringify([status, { ...(body as object), requestId: '' }]));
    }
  }
  const share = shareAbove(...times);
  const medians = times.map((sample) => `${median(sample).toFixed(2)} ms`).join(' and ');
  say(`${what}: medians ${medians}, share ${share.toFixed(3)} of ${2 * each} requests`);
  expect([...words]).toHaveLength(1);
  return share;
}

const basic = (name: string) => `Basic ${Buffer.from(`${name}:wrong password`).toString('base64')}`;

/** The ways to try a password, as somebody who has none. */
const WAYS: Record<string, (url: string, name: string) => ReturnType<Ask>> = {
  'a log-in': (url, login) => new ApiClient(url).post('/auth/login', { login, password: 'wrong password' }),
  'the token endpoint': (url, username) =>
    new ApiClient(url).post('/auth/token', { grant_type: 'password', username, password: 'wrong password' }),
  'HTTP Basic': async (url, name) => {
    const answer = await fetch(`${url}/api/v1/users/me`, { headers: { authorization: basic(name) } });
    return { status: answer.status, body: await answer.json() };
  },
};

/** As the real one, but of a fiftieth of the work: so that a difference elsewhere would stand out the more. */
async function quickHasher(): Promise<PasswordHasher> {
  const quick = { memoryCost: 1024, timeCost: 1, parallelism: 1 };
  const nobodys = await argon2(randomUUID(), quick);
  return {
    hash: (password) => argon2(password, quick),
    verify,
    isOutdated: () => false,
    pretend: async (password) => void (await verify(nobodys, password)),
  };
}

describe('neither words nor time tell whether there is an account', () => {
  test.each([
    ['a log-in', async () => new Argon2PasswordHasher()],
    ['the token endpoint', quickHasher],
    ['HTTP Basic', quickHasher],
  ])(
    '%s',
    async (what, hasher) => {
      const { api, url } = await start(await hasher());
      const { username } = await api.register();
      const nobody = `nobody-${randomUUID().slice(0, 6)}`;
      const ask = WAYS[what] as (typeof WAYS)[string];
      const share = await compare(
        what,
        () => ask(url, username),
        () => ask(url, nobody),
      );
      expect(share).toBeGreaterThan(ALIKE[0]);
      expect(share).toBeLessThan(ALIKE[1]);
    },
    PATIENCE_MS,
  );

  test('a forgotten password', async () => {
    const { api, store } = await start(new Argon2PasswordHasher());
    const known: string[] = [];
    for (let i = 0; i < 20; i += 1) known.push((await api.register()).id);
    const people = await Promise.all(known.map((id) => store.users.find(id)));
    const forget = (email = '') => api.post('/auth/password/forgot', { email });
    const nobody = people.map(() => `${randomUUID()}@example.org`);
    const at = (i: number) => i % people.length;
    const share = await compare(
      'a forgotten password',
      (i) => forget(people[at(i)]?.email),
      (i) => forget(nobody[at(i)]),
    );
    expect(share).toBeGreaterThan(ALIKE[0]);
    expect(share).toBeLessThan(ALIKE[1]);
  });

  test('a server that checks no password for an unknown name is found out by it', async () => {
    const hasher = new Argon2PasswordHasher();
    const { api, url } = await start(Object.assign(hasher, { pretend: async () => undefined }));
    const { username } = await api.register();
    const ask = WAYS['a log-in'] as (typeof WAYS)[string];
    const share = await compare(
      'no work for nobody',
      () => ask(url, username),
      () => ask(url, 'nobody'),
      50,
    );
    expect(share).toBeGreaterThan(ALIKE[1]);
  });
});

describe('while 50 log-ins wait', () => {
  const LOGINS = 50;
  const BUDGET_MS = 50;

  /** The most log-ins that were answered while somebody else waited for one pong, one answer or one file from the disk. */
  async function answeredBefore(hasher: PasswordHasher): Promise<number> {
    const app = await start(hasher);
    const ann = await app.api.register();
    const files = await FileClient.of(app.url);
    const { body } = await files.upload(ann, new Uint8Array(1000));
    const socket = await SocketClient.signedIn(app.url, ann.accessToken);
    let waiting = LOGINS;
    const logins = Array.from({ length: LOGINS }, async () => {
      const { status } = await app.api.post('/auth/login', { login: ann.username, password: 'wrong password' });
      waiting -= 1;
      return status;
    });
    const others: Record<string, () => Promise<unknown>> = {
      pong: () => socket.command('ping'),
      health: async () => (await fetch(`${app.url}/health`)).text(),
      file: () => files.get(body.url, ann),
    };
    const times: Record<string, number[]> = { pong: [], health: [], file: [] };
    let most = 0;
    while (waiting > 0) {
      for (const [what, ask] of Object.entries(others)) {
        const [startedAt, before] = [performance.now(), waiting];
        await ask();
        times[what]?.push(performance.now() - startedAt);
        most = Math.max(most, before - waiting);
      }
    }
    expect(new Set(await Promise.all(logins))).toEqual(new Set([401]));
    const p99 = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
    const figures = Object.entries(times).map(([what, all]) => `${what} ${p99(all).toFixed(1)} ms of ${all.length}`);
    say(
      `p99 while ${LOGINS} log-ins wait: ${figures.join(', ')} (budget ${BUDGET_MS} ms); before one, ${most} log-ins`,
    );
    socket.close();
    return most;
  }

  test('whoever asks for something else is before most of them', async () => {
    expect(await answeredBefore(new Argon2PasswordHasher())).toBeLessThan(LOGINS / 2);
  });

  test('but not if they were all checked at once: then a file waits for them', async () => {
    const unbounded = new Argon2PasswordHasher({ running: LOGINS, waiting: 0 });
    expect(await answeredBefore(unbounded)).toBeGreaterThan(LOGINS / 2);
  });
});
