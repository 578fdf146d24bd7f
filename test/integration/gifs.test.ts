/** GIF search against a server that speaks the form of Giphy's search. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Person, TestApp } from '../support/app.ts';

const KEY = 'canary-key';

let provider: Server;
let answer: (response: ServerResponse) => void;
const asked: URL[] = [];
let app: TestApp;
let ann: Person;

beforeAll(async () => {
  provider = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://provider'));
    answer(response);
  });
  await once(provider.listen(0, '127.0.0.1'), 'listening');
  const { port } = provider.address() as AddressInfo;
  const gifUrl = `http://127.0.0.1:${port}/v1/gifs/search?rating=g`;
  app = await TestApp.start({ settings: { gifUrl, gifKey: KEY } });
  ann = await app.register();
});
afterAll(async () => {
  await app.stop();
  provider.closeAllConnections();
  provider.close();
});

const image = (name: string, width = '200', height = '113') => ({
  url: `https://media.example.org/${name}.gif?cid=1&ct=g`,
  width,
  height,
  size: '1234',
});
const gif = (
  id: string,
  images: object = { original: image(id, '480', '270'), fixed_width: image(`${id}-small`) },
) => ({
  ...{ type: 'gif', id, slug: id, title: `${id} GIF`, rating: 'g' },
  images,
});
const found = (data: unknown) => (response: ServerResponse) =>
  response.end(JSON.stringify({ data, pagination: { total_count: 4287 }, meta: { status: 200, msg: 'OK' } }));
const search = (q: string) => app.get(`gifs?q=${encodeURIComponent(q)}`, ann);
const outcome = ({ status, body }: Answer) => [status, body.code];

describe('GIFs are found by words', () => {
  test('with their addresses and sizes', async () => {
    answer = found([gif('cat')]);
    const { status, body } = await search('cat');
    expect(status).toBe(200);
    expect(body).toEqual({
      items: [
        {
          ...{ id: 'cat', title: 'cat GIF', url: image('cat').url, width: 480, height: 270 },
          preview: { url: image('cat-small').url, width: 200, height: 113 },
        },
      ],
    });
  });

  test.each(['cat', 'grumpy cat & dog', 'q=1&api_key=mine#x', '100%', 'größer 猫 🐈', '../../admin', 'a+b'])(
    'the words %j arrive as they are, with the key and the operator’s parameters',
    async (words) => {
      answer = found([]);
      expect((await search(` ${words} `)).body).toEqual({ items: [] });
      const { pathname, searchParams } = asked.at(-1) as URL;
      expect(pathname).toBe('/v1/gifs/search');
      expect(Object.fromEntries(searchParams)).toEqual({ rating: 'g', api_key: KEY, q: words, limit: '40' });
      expect([...searchParams]).toHaveLength(4);
    },
  );

  test('forty at most, whatever the provider sends', async () => {
    answer = found(Array.from({ length: 100 }, (_, i) => gif(`cat${i}`)));
    const { body } = await search('cat');
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(Array.from({ length: 40 }, (_, i) => `cat${i}`));
  });

  test('without what is no GIF, or would run in a page', async () => {
    const wrong = ['javascript:alert(1)', 'http://media.example.org/x.gif', 'data:text/html,x', '//x', '', null, 7];
    answer = found([
      ...wrong.map((url) => gif('wrong', { original: { ...image('x'), url } })),
      ...['0', '-1', '1.5', 'wide', null].map((width) => gif('wrong', { original: { ...image('x'), width } })),
      ...[null, 7, 'text', {}, { id: 7, images: {} }, gif('wrong', {})],
      gif('bare', { original: image('bare') }),
      { ...gif('untitled'), title: null },
    ]);
    const { items } = (await search('cat')).body;
    expect(items).toEqual([
      expect.objectContaining({ id: 'bare', preview: expect.objectContaining({ url: image('bare').url }) }),
      expect.objectContaining({ id: 'untitled', title: '' }),
    ]);
  });
});

describe('what is asked wrongly is refused and goes no further', () => {
  test.each(['', '   ', 'x'.repeat(51), 'a\0b'])('%j', async (words) => {
    const before = asked.length;
    const { status, body } = await search(words);
    expect([status, body.code, body.errors[0].path]).toEqual([400, 'VALIDATION_FAILED', '/q']);
    expect(asked).toHaveLength(before);
  });

  test('no words at all, and another parameter', async () => {
    expect((await app.get('gifs', ann)).status).toBe(400);
    expect((await app.get('gifs?q=cat&limit=100', ann)).status).toBe(400);
  });

  test('nobody who is not signed in', async () => {
    expect(outcome(await app.get('gifs?q=cat'))).toEqual([401, 'AUTHENTICATION_REQUIRED']);
  });
});

describe('a provider that fails is 502 GIFS_UNAVAILABLE', () => {
  const failures: Record<string, (response: ServerResponse) => void> = {
    'that refuses the key': (response) => response.writeHead(403).end('{"meta":{"status":403}}'),
    'that has had enough': (response) => response.writeHead(429).end(),
    'that sends somewhere else': (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    'that answers with a page': (response) => response.end('<html>'),
    'that answers with something else': (response) => response.end('{"results":[]}'),
    'that answers without end': (response) => response.end(`{"data":["${'x'.repeat(5 * 1024 * 1024)}"]}`),
    'that hangs up': (response) => response.destroy(),
  };

  test.each(Object.keys(failures))('%s', async (failure) => {
    answer = failures[failure] as typeof answer;
    const before = asked.length;
    expect(outcome(await search('cat'))).toEqual([502, 'GIFS_UNAVAILABLE']);
    expect(asked).toHaveLength(before + 1);
  });

  test('that does not answer, after 3 s', async () => {
    answer = () => undefined;
    const start = performance.now();
    expect(outcome(await search('cat'))).toEqual([502, 'GIFS_UNAVAILABLE']);
    expect(performance.now() - start).toBeGreaterThan(2_900);
  });

  test('that begins and goes on for ever, after 3 s', async () => {
    answer = (response) => {
      const dripping = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(dripping));
    };
    expect(outcome(await search('cat'))).toEqual([502, 'GIFS_UNAVAILABLE']);
  });

  test('and the log says why, without the key', () => {
    const failures = app.log.filter(({ status }) => status === 502);
    expect(JSON.stringify(failures)).toContain('the provider answered 403');
    expect(JSON.stringify(app.log)).not.toContain(KEY);
  });
});

test('GET /server says whether there is a provider; without one it is 404 GIFS_OFF', async () => {
  expect((await app.get('server')).body.features).toEqual(['gifs']);
  const without = await TestApp.start();
  expect((await without.get('server')).body.features).toEqual([]);
  expect(outcome(await without.get('gifs?q=cat', await without.register()))).toEqual([404, 'GIFS_OFF']);
  await without.stop();
});
