import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FILE_CHECK_MS } from '../../src/domain/stored-file.ts';
import { DiskBlobStore } from '../../src/infrastructure/blobs/disk-blob-store.ts';
import type { Account } from '../support/api-client.ts';
import { FileClient } from '../support/file-client.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

const MAX_BYTES = 100_000;
const PNG = Buffer.from('89504e470d0a1a0a0000000d494844520000000700000005080600000000', 'hex');

let app: RunningApp;
let blobs: MemoryBlobStore;
let files: FileClient;
let ann: Account;
let bob: Account;
let eve: Account;
let chatId: string;

beforeEach(async () => {
  blobs = new MemoryBlobStore();
  app = await startApp({ blobs, settings: { maxUploadBytes: MAX_BYTES } });
  files = await FileClient.of(app.url);
  [ann, bob, eve] = await Promise.all([app.api.register(), app.api.register(), app.api.register()]);
  chatId = await newGroup([bob.id]);
});
afterEach(() => app.stop());

async function newGroup(memberIds: string[]): Promise<string> {
  const { body } = await ann.api.post('/chats', { kind: 'group', name: 'a group', memberIds });
  return body.id;
}

const send = (as: Account, body: object, to = chatId) => as.api.post(`/chats/${to}/messages`, body);

/** An upload of Ann's that went with a message. */
async function sent(content = 'the content', name = 'notes.txt') {
  const { body: attachment } = await files.upload(ann, content, name);
  const { status, body: message } = await send(ann, { content: '', attachmentIds: [attachment.id] });
  expect(status).toBe(201);
  return { attachment, message };
}

test('a file is closed whenever the client hangs up, also before the first byte', async () => {
  const folder = await temporaryFolder();
  const onDisk = await startApp({ blobs: new DiskBlobStore(folder.path) });
  const open = async () => {
    const targets = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    return (await Promise.all(targets)).filter((target) => target.startsWith(folder.path));
  };
  try {
    const cat = await onDisk.api.register();
    const { body: file } = await (await FileClient.of(onDisk.url)).upload(cat, 'x'.repeat(10_000_000), 'long.txt');
    const { hostname, port } = new URL(onDisk.url);
    const head = `GET /api/v1/attachments/${file.id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${cat.accessToken}\r\n\r\n`;
    const opens = jest.spyOn(DiskBlobStore.prototype, 'get');
    for (let i = 1; i <= 20; i += 1) {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      socket.write(head, () => socket.destroy());
      while (opens.mock.calls.length < i) await sleep(1);
    }
    opens.mockRestore();
    while ((await open()).length > 0) await sleep(10);
  } finally {
    await onDisk.stop();
    await folder.remove();
  }
});

describe('an upload', () => {
  test('is answered with what it holds, whatever it is called', async () => {
    const { status, body } = await files.upload(ann, PNG, '../../x/evil\u202Egnp.html', 'text/html');
    expect(status).toBe(201);
    expect(body).toEqual({
      ...{ id: body.id, name: 'evilgnp.html', mediaType: 'image/png', bytes: PNG.length, width: 7, height: 5 },
      url: `/api/v1/attachments/${body.id}`,
    });
    expect([...blobs.blobs.keys()]).toEqual([body.id]);
  });

  test.each(['größe 名前 👩‍🚀.txt', 'a 100% 50%25.txt', "it's; (a) name*.txt"])('keeps its name: %s', async (name) => {
    const { body } = await files.upload(ann, 'text', name);
    expect(body.name).toBe(name);
    const { headers } = await files.get(body.url, ann);
    const exact = /filename\*=UTF-8''(.*)$/.exec(headers.get('content-disposition') ?? '')?.[1] ?? '';
    expect(decodeURIComponent(exact)).toBe(name);
  });

  test('is as large as allowed and no larger, and leaves nothing if it is', async () => {
    expect((await files.upload(ann, Buffer.alloc(MAX_BYTES))).status).toBe(201);
    const { status, body } = await files.upload(ann, Buffer.alloc(MAX_BYTES + 1));
    expect([status, body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect((await files.upload(ann, Buffer.alloc(40 * MAX_BYTES))).status).toBe(413);
    expect(blobs.blobs.size).toBe(1);
  });

  test('is for those who are signed in', async () => {
    expect((await files.upload(null, 'text')).status).toBe(401);
    expect(blobs.blobs.size).toBe(0);
  });

  const form = (...parts: string[]) => `${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`;
  const FIELD = 'content-disposition: form-data; name="x"\r\n\r\nvalue';
  const FILE = 'content-disposition: form-data; name="f"; filename="f.txt"\r\ncontent-type: text/plain\r\n\r\nfile';

  test.each([
    ['no form', 'application/json', '{"file": 1}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['nothing', 'multipart/form-data; boundary=b', '', 400, 'MALFORMED_BODY'],
    ['no boundary', 'multipart/form-data', form(FILE), 400, 'MALFORMED_BODY'],
    ['another boundary', 'multipart/form-data; boundary=c', form(FILE), 400, 'MALFORMED_BODY'],
    ['a field', 'multipart/form-data; boundary=b', form(FIELD), 400, 'MALFORMED_BODY'],
    ['a field before the file', 'multipart/form-data; boundary=b', form(FIELD, FILE), 400, 'MALFORMED_BODY'],
    [
      'a name of a prototype',
      'multipart/form-data; boundary=b',
      form(FILE.replace('"f"', '"__proto__"')),
      400,
      'MALFORMED_BODY',
    ],
    ['a form cut short', 'multipart/form-data; boundary=b', `--b\r\n${FILE}`, 400, 'MALFORMED_BODY'],
  ])('is refused: %s', async (_what, type, body, status, code) => {
    const answer = await files.call('POST', '/api/v1/attachments', ann, { body, headers: { 'content-type': type } });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(blobs.blobs.size).toBe(0);
    expect(await app.store.files.unsent(ann.id)).toEqual({ count: 0, bytes: 0 });
  });

  /** Begins one by hand, to go on with or not. */
  function begun(length: string, content: string) {
    const { hostname, port } = new URL(app.url);
    const line = connect(Number(port), hostname);
    const head = ['POST /api/v1/attachments HTTP/1.1', 'host: x', `authorization: Bearer ${ann.accessToken}`];
    const announced = `content-type: multipart/form-data; boundary=b\r\n${length}`;
    line.write(`${head.join('\r\n')}\r\n${announced}\r\n\r\n${content}`);
    return line;
  }

  test('is refused as soon as it is too large, though no end was in sight', async () => {
    const content = `--b\r\n${FILE}${'x'.repeat(2 * MAX_BYTES)}`;
    const line = begun('transfer-encoding: chunked', `${content.length.toString(16)}\r\n${content}\r\n`);
    const [answer] = await once(line, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /);
    line.destroy();
    expect(await app.store.files.unsent(ann.id)).toEqual({ count: 0, bytes: 0 });
    expect(blobs.blobs.size).toBe(0);
  });

  test('leaves nothing when the line is cut in the middle', async () => {
    const line = begun('content-length: 90000', `--b\r\n${FILE}${'x'.repeat(1000)}`);
    await eventually(async () => expect((await app.store.files.unsent(ann.id)).count).toBe(1));
    line.destroy();
    await eventually(async () => expect((await app.store.files.unsent(ann.id)).count).toBe(0));
    expect(blobs.blobs.size).toBe(0);
  });

  test('is one of few that wait to be sent', async () => {
    for (let i = 0; i < 10; i += 1) expect((await files.upload(ann, Buffer.alloc(MAX_BYTES))).status).toBe(201);
    const { status, body } = await files.upload(ann, Buffer.alloc(1));
    expect([status, body.code]).toEqual([422, 'UPLOAD_LIMIT']);
    expect((await files.upload(bob, 'text')).status).toBe(201);
    expect(blobs.blobs.size).toBe(11);
  });
});

describe('a message with files', () => {
  test('needs no text, and shows them to everybody who reads it', async () => {
    const [one, two] = [
      (await files.upload(ann, 'one', 'one.txt')).body,
      (await files.upload(ann, PNG, 'two.png')).body,
    ];
    const socket = await SocketClient.signedIn(app.url, bob.accessToken);
    const { status, body } = await send(ann, { content: '', attachmentIds: [two.id, one.id, two.id] });
    expect(status).toBe(201);
    expect([body.content, body.attachments]).toEqual(['', [two, one]]);
    expect((await socket.next('message.created')).data).toEqual({ message: body });
    expect((await bob.api.get(`/chats/${chatId}/messages/${body.id}`)).body).toEqual(body);
    expect((await bob.api.get('/chats')).body.items[0].lastMessage.attachments).toEqual([two, one]);
    socket.close();
  });

  test('goes over the socket too', async () => {
    const { body: attachment } = await files.upload(ann, 'text', 'a.txt');
    const socket = await SocketClient.signedIn(app.url, ann.accessToken);
    const fields = { chatId, content: '', attachmentIds: [attachment.id] };
    expect(await socket.command('message.send', fields)).toMatchObject({ message: { attachments: [attachment] } });
    const others = { chatId, content: '', attachmentIds: [(await files.upload(bob, 'x')).body.id] };
    expect(await socket.command('message.send', others)).toMatchObject({ code: 'ATTACHMENT_UNKNOWN' });
    socket.close();
  });

  test('opens a direct chat', async () => {
    const { body: attachment } = await files.upload(ann, 'text');
    const body = { content: 'look', attachmentIds: [attachment.id] };
    const answer = await ann.api.post(`/users/${eve.id}/messages`, body);
    expect(answer.body.attachments).toEqual([attachment]);
    expect((await files.get(attachment.url, eve)).status).toBe(200);
  });

  test('takes uploads of its sender alone', async () => {
    const { body: others } = await files.upload(bob, 'text');
    const { body: own } = await files.upload(ann, 'text');
    for (const attachmentIds of [[others.id], [own.id, others.id], [chatId], ['no-such-id']]) {
      const { status, body } = await send(ann, { content: 'x', attachmentIds });
      expect([status, body.code]).toEqual([422, 'ATTACHMENT_UNKNOWN']);
    }
    expect((await ann.api.get(`/chats/${chatId}`)).body.seq).toBe(1);
  });

  test.each([
    [{ content: '' }],
    [{ content: '  ', attachmentIds: [] }],
    [{ content: 'x', attachmentIds: 'a' }],
    [{ content: 'x', attachmentIds: [1] }],
    [{ content: 'x', attachmentIds: Array(11).fill('a') }],
  ])('is refused: %j', async (body) => {
    expect((await send(ann, body)).body.code).toBe('VALIDATION_FAILED');
  });

  test('is sent once, with its files, also when these have gone', async () => {
    const { body: attachment } = await files.upload(ann, 'text');
    const body = { content: '', clientId: 'mine', attachmentIds: [attachment.id] };
    const { body: first } = await send(ann, body);
    expect(await send(ann, body)).toMatchObject({ status: 200, body: first });
    expect((await send(ann, { ...body, content: 'x', attachmentIds: [] })).body.code).toBe('CLIENT_ID_REUSED');
    const { body: other } = await files.upload(ann, 'other');
    expect((await send(ann, { ...body, attachmentIds: [other.id] })).body.code).toBe('CLIENT_ID_REUSED');
    const [file] = await app.store.files.findMany([attachment.id]);
    if (file) await app.store.files.doom(file);
    expect(await send(ann, body)).toMatchObject({ status: 200, body: first });
    expect((await send(ann, { ...body, clientId: 'other' })).body.code).toBe('ATTACHMENT_UNKNOWN');
  });

  test('is sent once, also as the last one that the file may go with', async () => {
    const { body: attachment } = await files.upload(ann, 'text');
    const messages = Array.from({ length: 100 }, (_, i) => ({
      content: '',
      clientId: `${i}`,
      attachmentIds: [attachment.id],
    }));
    expect((await send(ann, { messages })).status).toBe(201);
    const [one] = messages;
    expect((await send(ann, { ...one, clientId: 'one more' })).body.code).toBe('UPLOAD_LIMIT');
    expect((await send(ann, one ?? {})).status).toBe(200);
  });

  test('is one of a hundred, all or none', async () => {
    const { body: own } = await files.upload(ann, 'text');
    const { body: others } = await files.upload(bob, 'text');
    const of = (id: string) => ({ content: '', attachmentIds: [id] });
    expect((await send(ann, { messages: [of(own.id), of(others.id)] })).status).toBe(422);
    const { status, body } = await send(ann, { messages: [of(own.id), { content: 'x' }, of(own.id)] });
    expect(status).toBe(201);
    expect(body.items.map((item: { attachments: unknown[] }) => item.attachments.length)).toEqual([1, 0, 1]);
  });
});

describe('reading a file', () => {
  test('is for its uploader until it is sent, then for members', async () => {
    const { body: attachment } = await files.upload(ann, 'secret');
    const statuses = async () => {
      const answers = await Promise.all([ann, bob, eve, null].map((who) => files.get(attachment.url, who)));
      return answers.map((answer) => answer.status);
    };
    expect(await statuses()).toEqual([200, 404, 404, 401]);
    await send(ann, { content: '', attachmentIds: [attachment.id] });
    expect(await statuses()).toEqual([200, 200, 404, 401]);
  });

  test('ends with the membership, and begins with one', async () => {
    const { attachment } = await sent();
    await ann.api.post(`/chats/${chatId}/members`, { userIds: [eve.id] });
    expect((await files.get(attachment.url, eve)).status).toBe(200);
    await eve.api.delete(`/chats/${chatId}/members/me`);
    expect((await files.get(attachment.url, eve)).status).toBe(404);
    await ann.api.delete(`/chats/${chatId}/members/${bob.id}`);
    expect((await files.get(attachment.url, bob)).status).toBe(404);
  });

  test('ends with the message, but for another that has the file', async () => {
    const { attachment, message } = await sent();
    const { body: again } = await send(ann, { content: '', attachmentIds: [attachment.id] });
    await ann.api.delete(`/chats/${chatId}/messages/${message.id}`);
    expect((await files.get(attachment.url, bob)).status).toBe(200);
    await ann.api.delete(`/chats/${chatId}/messages/${again.id}`);
    expect((await files.get(attachment.url, bob)).status).toBe(404);
  });

  test('ends with the chat, of which there may be a new one under the same id', async () => {
    const { body: attachment } = await files.upload(ann, 'text');
    const to = `/users/${bob.id}/messages`;
    const { body: message } = await ann.api.post(to, { content: '', attachmentIds: [attachment.id] });
    await bob.api.delete(`/chats/${message.chatId}`);
    expect((await files.get(attachment.url, bob)).status).toBe(404);
    await ann.api.post(to, { content: 'again' });
    expect((await files.get(attachment.url, bob)).status).toBe(404);
  });

  test('is not had by naming it in a chat of which one is no member', async () => {
    const { body: attachment } = await files.upload(ann, 'text');
    const elsewhere = await newGroup([]);
    expect((await send(bob, { content: '', attachmentIds: [attachment.id] }, elsewhere)).status).toBeGreaterThanOrEqual(
      404,
    );
    expect((await files.get(attachment.url, bob)).status).toBe(404);
  });

  test.each(['/api/v1/attachments/..%2f..%2fetc%2fpasswd', '/api/v1/attachments/no-such-id'])(
    'finds nothing at %s',
    async (path) => {
      expect((await files.get(path, ann)).status).toBe(404);
    },
  );

  test('gives nothing that a browser would run', async () => {
    const html = '<!doctype html><script>alert(document.domain)</script>';
    const { attachment } = await sent(html, 'page.html');
    const { headers, bytes } = await files.get(attachment.url, bob);
    expect(bytes.toString()).toBe(html);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="page.html"; filename*=UTF-8''page.html`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      'cache-control': 'private, no-cache',
    });
    const polyglot = await files.upload(ann, 'GIF89a/*\x05\x00*/=1;alert(1)', 'x.js', 'text/javascript');
    const shown = await files.get(polyglot.body.url, ann);
    expect(shown.headers.get('content-type')).toBe('image/gif');
    expect(shown.headers.get('content-disposition')).toMatch(/^inline; /);
  });

  test('gives a part, and nothing to whom has it', async () => {
    const { attachment } = await sent('0123456789');
    const part = async (range: string, more = {}) => {
      const { status, headers, bytes } = await files.get(attachment.url, bob, { range, ...more });
      return [status, bytes.toString(), headers.get('content-range')];
    };
    expect(await part('bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10']);
    expect(await part('bytes=7-')).toEqual([206, '789', 'bytes 7-9/10']);
    expect(await part('bytes=-3')).toEqual([206, '789', 'bytes 7-9/10']);
    expect(await part('bytes=8-99999')).toEqual([206, '89', 'bytes 8-9/10']);
    expect(await part('bytes=-99')).toEqual([206, '0123456789', 'bytes 0-9/10']);
    for (const range of ['bytes=10-', 'bytes=5-4', 'bytes=0-1,3-4', 'bytes=-', 'lines=1-2', 'bytes=-0']) {
      expect(await part(range)).toEqual([200, '0123456789', null]);
    }
    expect(await part('bytes=2-4', { 'if-range': '"another"' })).toEqual([200, '0123456789', null]);
    const { headers } = await files.get(attachment.url, bob);
    const { status, bytes } = await files.get(attachment.url, bob, { 'if-none-match': headers.get('etag') ?? '' });
    expect([status, bytes.length]).toEqual([304, 0]);
    const head = await files.call('HEAD', attachment.url, bob);
    expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([200, '10', 0]);
  });

  test('says that it is gone where the bytes are', async () => {
    const { attachment } = await sent();
    await blobs.delete(attachment.id);
    expect((await files.get(attachment.url, bob)).body.code).toBe('ATTACHMENT_NOT_FOUND');
  });
});

describe('what nobody needs any more', () => {
  let ahead: number;
  const clock = { now: () => Date.now() + ahead, elapsed: () => performance.now(), sleep: async () => undefined };

  beforeEach(async () => {
    await app.stop();
    ahead = 0;
    app = await startApp({ blobs, clock, settings: { maxUploadBytes: MAX_BYTES } });
    files = await FileClient.of(app.url);
    [ann, bob] = await Promise.all([app.api.register(), app.api.register()]);
    chatId = await newGroup([bob.id]);
  });

  async function aDayLater(): Promise<void> {
    ahead += FILE_CHECK_MS;
    await app.recovery.sweep();
  }

  test('goes after a day, if it was never sent', async () => {
    const { body: unsent } = await files.upload(ann, 'text');
    const { attachment } = await sent();
    await app.recovery.sweep();
    expect(blobs.blobs.size).toBe(2);
    await aDayLater();
    expect([...blobs.blobs.keys()]).toEqual([attachment.id]);
    expect(await app.store.files.findMany([unsent.id])).toEqual([]);
    for (let day = 0; day < 3; day += 1) await aDayLater();
    expect([...blobs.blobs.keys()]).toEqual([attachment.id]);
  });

  test('goes with its message, its chat, and where the message never came', async () => {
    const { message } = await sent();
    await ann.api.delete(`/chats/${chatId}/messages/${message.id}`);
    const other = await newGroup([]);
    const { body: doomed } = await files.upload(ann, 'text');
    await send(ann, { content: '', attachmentIds: [doomed.id] }, other);
    await ann.api.delete(`/chats/${other}`);
    const { body: refused } = await files.upload(ann, 'text');
    expect((await send(ann, { content: '', attachmentIds: [refused.id] }, 'no-such-chat')).status).toBe(404);
    expect(blobs.blobs.size).toBe(3);
    await aDayLater();
    expect(blobs.blobs.size).toBe(0);
    expect(await app.store.files.due(Number.MAX_SAFE_INTEGER, 10)).toEqual([]);
  });

  test('goes also where another cannot be taken away', async () => {
    await files.upload(ann, 'that stays');
    const [stuck] = [...blobs.blobs.keys()];
    await files.upload(ann, 'that goes');
    const take = blobs.delete.bind(blobs);
    jest.spyOn(blobs, 'delete').mockImplementation(async (id) => {
      if (id === stuck) throw new Error('locked');
      return take(id);
    });
    await expect(aDayLater()).rejects.toThrow('locked');
    expect([...blobs.blobs.keys()]).toEqual([stuck]);
  });

  test('goes with what a crash left in the middle of an upload', async () => {
    await app.store.files.open({
      ...{ id: 'left', ownerId: ann.id, name: 'x', mediaType: 'x', bytes: 1, width: null, height: null, uses: [] },
      ...{ createdAt: clock.now(), checkAt: clock.now() + FILE_CHECK_MS },
    });
    blobs.blobs.set('left', Buffer.from('x'));
    await aDayLater();
    expect(blobs.blobs.size).toBe(0);
    expect(await app.store.files.unsent(ann.id)).toEqual({ count: 0, bytes: 0 });
  });

  test('is taken away as it comes: the upload may be tried again, and nothing is left', async () => {
    const put = blobs.put.bind(blobs);
    blobs.put = async (...content) => {
      const bytes = await put(...content);
      await aDayLater();
      return bytes;
    };
    const { status, body } = await files.upload(ann, 'text');
    expect([status, body.code, blobs.blobs.size]).toEqual([503, 'UNAVAILABLE', 0]);
    expect(await app.store.files.unsent(ann.id)).toEqual({ count: 0, bytes: 0 });
  });

  test('stays if it is sent while it is looked at; else it cannot be sent', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { body: attachment } = await files.upload(ann, 'text');
      ahead += FILE_CHECK_MS;
      const sending = send(ann, { content: '', attachmentIds: [attachment.id] });
      const [{ status }] = await Promise.all([sending, app.recovery.sweep()]);
      expect(blobs.blobs.has(attachment.id)).toBe(status === 201);
      expect([201, 422]).toContain(status);
    }
  });
});

async function eventually(holds: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await holds();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
