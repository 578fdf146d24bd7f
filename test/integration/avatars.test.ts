import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { SharpImageProcessor } from '../../src/infrastructure/images/sharp-image-processor.ts';
import type { Account } from '../support/api-client.ts';
import { FileClient } from '../support/file-client.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

const MINE = '/api/v1/users/me/avatar';

let app: RunningApp;
let blobs: MemoryBlobStore;
let files: FileClient;
let ann: Account;
let bob: Account;
let eve: Account;

beforeEach(async () => {
  blobs = new MemoryBlobStore();
  app = await startApp({ blobs });
  files = await FileClient.of(app.url);
  [ann, bob, eve] = await Promise.all([app.api.register(), app.api.register(), app.api.register()]);
});
afterEach(() => app.stop());

const image = (background: string, width = 400, height = 300) =>
  sharp({ create: { width, height, channels: 3, background } });
const red = () => image('red').png().toBuffer();

async function chatOf(owner: Account, kind: string, memberIds: string[] = []): Promise<string> {
  const { body } = await owner.api.post('/chats', { kind, name: 'a chat', ...(kind === 'group' && { memberIds }) });
  return body.id;
}

describe('my picture', () => {
  test('is a square of what I gave, at an address that changes with it', async () => {
    const first = await files.putImage(MINE, ann, await red());
    expect(first.status).toBe(200);
    expect(first.body.avatarUrl).toMatch(new RegExp(`^/api/v1/users/${ann.id}/avatar\\?v=`));
    const { status, headers, bytes } = await files.get(first.body.avatarUrl, bob);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'image/webp',
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=31536000, immutable',
    });
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 256, height: 256 });
    const second = await files.putImage(MINE, ann, await image('blue').jpeg().toBuffer(), 'image/jpeg');
    expect(second.body.avatarUrl).not.toBe(first.body.avatarUrl);
    const plain = await files.get(`/api/v1/users/${ann.id}/avatar`, bob);
    expect(plain.headers.get('cache-control')).toBe('private, no-cache');
    expect(plain.bytes.equals((await files.get(second.body.avatarUrl, ann)).bytes)).toBe(true);
    await app.recovery.sweep();
    expect(blobs.blobs.size).toBe(1);
  });

  test('is seen with my name everywhere, at once', async () => {
    const chatId = await chatOf(ann, 'group', [bob.id]);
    const socket = await SocketClient.signedIn(app.url, bob.accessToken);
    const { body } = await files.putImage(MINE, ann, await red());
    const { avatarUrl } = body;
    expect((await socket.next('user.updated')).data).toMatchObject({ user: { id: ann.id, avatarUrl } });
    const { body: message } = await ann.api.post(`/chats/${chatId}/messages`, { content: 'x' });
    expect(message.sender.avatarUrl).toBe(avatarUrl);
    expect((await bob.api.get(`/users/${ann.id}`)).body.avatarUrl).toBe(avatarUrl);
    socket.close();
  });

  test('goes when I take it away', async () => {
    const { body } = await files.putImage(MINE, ann, await red());
    expect((await files.call('DELETE', MINE, ann)).status).toBe(204);
    expect((await files.call('DELETE', MINE, ann)).status).toBe(204);
    const { status, body: problem } = await files.get(body.avatarUrl, ann);
    expect([status, problem.code]).toEqual([404, 'AVATAR_NOT_FOUND']);
    expect((await ann.api.get('/users/me')).body.avatarUrl).toBeNull();
    await app.recovery.sweep();
    expect(blobs.blobs.size).toBe(0);
  });

  test('is taken away also by a client that announces JSON and sends none', async () => {
    const headers = { 'content-type': 'application/json' };
    await files.putImage(MINE, ann, await red());
    expect((await files.call('DELETE', MINE, ann, { headers })).status).toBe(204);
    const chatId = await chatOf(ann, 'group');
    expect((await files.call('DELETE', `/api/v1/chats/${chatId}/avatar`, ann, { headers })).status).toBe(204);
  });

  test('is not cached as one that is gone, where its bytes cannot be had', async () => {
    const { body } = await files.putImage(MINE, ann, await red());
    blobs.blobs.clear();
    const { status, headers } = await files.get(body.avatarUrl, bob);
    expect([status, headers.get('cache-control'), headers.get('etag')]).toEqual([404, 'no-store', null]);
    expect([headers.get('content-disposition'), headers.get('accept-ranges')]).toEqual([null, null]);
  });

  test('is hidden from strangers while I am private', async () => {
    const { body } = await files.putImage(MINE, ann, await red());
    await ann.api.patch('/users/me', { isPrivate: true });
    expect((await bob.api.get(`/users/${ann.id}`)).body.avatarUrl).toBeNull();
    const { status, body: problem } = await files.get(body.avatarUrl, bob);
    expect([status, problem.code]).toEqual([404, 'AVATAR_NOT_FOUND']);
    expect((await files.get(body.avatarUrl, ann)).status).toBe(200);
    await chatOf(ann, 'group', [bob.id]);
    expect((await files.get(body.avatarUrl, bob)).status).toBe(200);
    expect((await files.get(body.avatarUrl, null)).status).toBe(401);
    expect((await files.get('/api/v1/users/nobody/avatar', bob)).body.code).toBe('USER_NOT_FOUND');
  });

  test('is no attachment: it is neither read nor sent as one', async () => {
    await files.putImage(MINE, ann, await red());
    const [id] = blobs.blobs.keys();
    expect((await files.get(`/api/v1/attachments/${id}`, ann)).status).toBe(404);
    const chatId = await chatOf(ann, 'group');
    const { body } = await ann.api.post(`/chats/${chatId}/messages`, { content: 'x', attachmentIds: [id] });
    expect(body.code).toBe('ATTACHMENT_UNKNOWN');
  });
});

describe('what a picture is made of', () => {
  test('is nothing that a camera writes beside it', async () => {
    const gps = { IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1', GPSLongitudeRef: 'W' } };
    const exif = { IFD0: { Copyright: 'Ann Secret', Make: 'A Camera' }, ...gps };
    const photo = await image('green')
      .withExif(exif)
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
      .jpeg()
      .toBuffer();
    expect((await sharp(photo).metadata()).exif?.toString('latin1')).toContain('Ann Secret');
    const { body } = await files.putImage(MINE, ann, photo, 'image/jpeg');
    const { bytes } = await files.get(body.avatarUrl, ann);
    const { exif: left, xmp, iptc, icc, orientation } = await sharp(bytes).metadata();
    expect([left, xmp, iptc, icc, orientation]).toEqual(Array(5).fill(undefined));
    expect(bytes.toString('latin1')).not.toMatch(/Secret|Camera|EXIF|GPS/);
  });

  test('is turned as the camera was held', async () => {
    const top = { input: await image('white', 400, 150).png().toBuffer(), top: 0, left: 0 };
    const photo = await image('black', 400, 300).composite([top]).jpeg().withMetadata({ orientation: 3 }).toBuffer();
    const { body } = await files.putImage(MINE, ann, photo, 'image/jpeg');
    const pixels = await sharp((await files.get(body.avatarUrl, ann)).bytes)
      .greyscale()
      .raw()
      .toBuffer();
    expect([(pixels[0] ?? 99) < 50, (pixels.at(-1) ?? 99) > 200]).toEqual([true, true]);
  });

  test('is the first frame of one that moves', async () => {
    const raw = { width: 10, height: 20, channels: 3, pageHeight: 10 } as const;
    const gif = await sharp(Buffer.alloc(600).fill(200, 300), { raw })
      .gif({ delay: [10, 10] })
      .toBuffer();
    expect((await sharp(gif, { animated: true }).metadata()).pages).toBe(2);
    const { body } = await files.putImage(MINE, ann, gif, 'image/gif');
    const { bytes } = await files.get(body.avatarUrl, ann);
    expect((await sharp(bytes, { animated: true }).metadata()).pages ?? 1).toBe(1);
  });

  /** A PNG of one colour: a few hundred kilobytes that unpack to gigabytes. */
  function bomb(side: number): Buffer {
    const chunk = (type: string, data: Buffer) => {
      const body = Buffer.concat([Buffer.from(type), data]);
      const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(data.length);
      return Buffer.concat([length, body, crc]);
    };
    const head = Buffer.alloc(13);
    head.writeUInt32BE(side, 0);
    head.writeUInt32BE(side, 4);
    head[8] = 1;
    const packed = deflateSync(Buffer.alloc((Math.ceil(side / 8) + 1) * Math.min(side, 5000)));
    const signature = Buffer.from('89504e470d0a1a0a', 'hex');
    return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))]);
  }

  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>';

  test.each([
    ['a bomb', bomb(50_000)],
    ['just too many pixels', bomb(6_400)],
    ['an SVG', svg],
    ['a page', '<!doctype html><img src=x onerror=alert(1)>'],
    ['a text', 'just text'],
    ['a polyglot that is no image', 'GIF89a/*\x01\x01*/=1;alert(1)//'],
    ['an image cut short', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ])('is refused: %s', async (_what, body) => {
    const { status, body: problem } = await files.putImage(MINE, ann, body);
    expect([status, problem.code]).toEqual([422, 'IMAGE_REFUSED']);
    expect((await ann.api.get('/users/me')).body.avatarUrl).toBeNull();
    expect(blobs.blobs.size).toBe(0);
  });

  test.each([
    ['too many bytes', Buffer.alloc(5 * 1024 * 1024 + 1), 'image/png', 413, 'PAYLOAD_TOO_LARGE'],
    ['nothing', '', 'image/png', 400, 'MALFORMED_BODY'],
    ['JSON', '{"image": 1}', 'application/json', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('is refused: %s', async (_what, body, type, status, code) => {
    const answer = await files.putImage(MINE, ann, body, type);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('is asked for as what it is, where something else came', async () => {
    const { body } = await files.putImage(MINE, ann, '{}', 'application/json');
    expect(body.detail).toBe('Send image/*.');
    const upload = await files.call('POST', '/api/v1/attachments', ann, {
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect([upload.status, upload.body.detail]).toEqual([415, 'Send multipart/form-data.']);
  });

  test('is nothing where sharp is not installed', async () => {
    const absent = new SharpImageProcessor(() => Promise.reject(new Error('Cannot find package sharp')));
    const without = await startApp({ blobs, images: absent });
    const [account, client] = [await without.api.register(), await FileClient.of(without.url)];
    const { status, body } = await client.putImage(MINE, account, await red());
    expect([status, body.code]).toEqual([422, 'AVATARS_UNSUPPORTED']);
    expect(blobs.blobs.size).toBe(0);
    await without.stop();
  });
});

describe("a chat's picture", () => {
  const of = (chatId: string) => `/api/v1/chats/${chatId}/avatar`;

  test('is given by those who may rename it, told as a change, and seen by members', async () => {
    const chatId = await chatOf(ann, 'group', [bob.id]);
    const socket = await SocketClient.signedIn(app.url, bob.accessToken);
    const { status, body } = await files.putImage(of(chatId), bob, await red());
    expect(status).toBe(200);
    expect(body.avatarUrl).toMatch(new RegExp(`^/api/v1/chats/${chatId}/avatar\\?v=`));
    const { data } = (await socket.next('chat.updated')) as unknown as { data: { chat: { avatarUrl: string } } };
    expect(data.chat.avatarUrl).toBe(body.avatarUrl);
    expect((await ann.api.get('/chats')).body.items[0].avatarUrl).toBe(body.avatarUrl);
    const statuses = await Promise.all([ann, bob, eve, null].map((who) => files.get(body.avatarUrl, who)));
    expect(statuses.map((answer) => answer.status)).toEqual([200, 200, 404, 401]);
    await bob.api.delete(`/chats/${chatId}/members/me`);
    expect((await files.get(body.avatarUrl, bob)).body.code).toBe('CHAT_NOT_FOUND');
    socket.close();
  });

  test('is replaced and taken away, and its file with it', async () => {
    const chatId = await chatOf(ann, 'group', [bob.id]);
    await files.putImage(of(chatId), ann, await red());
    await files.putImage(of(chatId), bob, await image('blue').webp().toBuffer(), 'image/webp');
    await app.recovery.sweep();
    expect(blobs.blobs.size).toBe(1);
    expect((await files.call('DELETE', of(chatId), ann)).status).toBe(204);
    expect((await files.get(of(chatId), ann)).body.code).toBe('AVATAR_NOT_FOUND');
    await app.recovery.sweep();
    expect(blobs.blobs.size).toBe(0);
  });

  test("of a public room is everybody's to see and its admins' to give", async () => {
    const roomId = await chatOf(ann, 'public');
    const { body } = await files.putImage(of(roomId), ann, await red());
    expect((await files.get(body.avatarUrl, eve)).status).toBe(200);
    expect((await eve.api.get(`/chats/${roomId}`)).body.avatarUrl).toBe(body.avatarUrl);
    await eve.api.post(`/chats/${roomId}/join`);
    expect((await files.putImage(of(roomId), eve, await red())).body.code).toBe('FORBIDDEN');
    expect((await files.call('DELETE', of(roomId), eve)).body.code).toBe('FORBIDDEN');
    await app.recovery.sweep();
    expect(blobs.blobs.size).toBe(1);
  });

  test('is not for strangers to give, nor for a direct chat', async () => {
    const chatId = await chatOf(ann, 'group');
    for (const method of ['PUT', 'DELETE']) {
      const { status, body } =
        method === 'PUT'
          ? await files.putImage(of(chatId), eve, await red())
          : await files.call(method, of(chatId), eve);
      expect([status, body.code]).toEqual([404, 'CHAT_NOT_FOUND']);
    }
    const { body: direct } = await ann.api.post('/chats', { kind: 'direct', userId: bob.id });
    expect((await files.putImage(of(direct.id), ann, await red())).body.code).toBe('DIRECT_CHAT_FIXED');
    await app.recovery.sweep();
    expect(blobs.blobs.size).toBe(0);
  });
});
