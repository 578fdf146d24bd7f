import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Account, ApiClient, PASSWORD } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** Another device of somebody: its tokens, and the API in its name. */
async function signIn({ username }: Account) {
  const { body } = await app.api.post('/auth/login', { login: username, password: PASSWORD });
  const { accessToken, refreshToken } = body as { accessToken: string; refreshToken: string };
  return { accessToken, refreshToken, api: new ApiClient(app.url, accessToken) };
}

type Device = Awaited<ReturnType<typeof signIn>>;

const newPassword = 'another correct horse';

/** What ends the session of the first device; done by the second one where it is not done by itself. */
const ends: Record<string, (first: Device, second: Device) => Promise<unknown>> = {
  'its log-out': (first) => first.api.post('/auth/logout'),
  'a log-out everywhere': (_, second) => second.api.post('/auth/logout-all'),
  'the end of its session in the list': async (_, second) => {
    const { items } = (await second.api.get('/auth/sessions')).body;
    for (const { id, current } of items) if (!current) await second.api.delete(`/auth/sessions/${id}`);
  },
  'a new password': (_, second) => second.api.put('/users/me/password', { currentPassword: PASSWORD, newPassword }),
  'a refresh token that is used again': async ({ refreshToken }) => {
    const { body: successor } = await app.api.post('/auth/refresh', { refreshToken });
    await app.api.post('/auth/refresh', { refreshToken: successor.refreshToken });
    await app.api.post('/auth/refresh', { refreshToken });
  },
};

describe('a socket ends with its session', () => {
  test.each(Object.keys(ends))('after %s: closed with 4401, and it hears and says nothing more', async (what) => {
    const ann = await app.api.register();
    const [first, second] = [await signIn(ann), await signIn(ann)];
    const bob = await app.api.register();
    const { body: chat } = await bob.api.post('/chats', { kind: 'group', name: 'g', memberIds: [ann.id] });
    const socket = await SocketClient.signedIn(app.url, first.accessToken);
    await ends[what]?.(first, second);
    socket.send({ type: 'message.send', id: 'late', chatId: chat.id, content: 'late' });
    await bob.api.post(`/chats/${chat.id}/messages`, { content: 'unheard' });
    expect((await socket.closed).code).toBe(4401);
    expect(JSON.stringify(socket.frames)).not.toMatch(/unheard|late/);
    const { items } = (await bob.api.get(`/chats/${chat.id}/messages`)).body;
    expect(items.map(({ content }: { content: string }) => content)).toEqual(['unheard', null]);
  });

  test('a new password leaves the device on which it was set connected', async () => {
    const ann = await app.api.register();
    const device = await signIn(ann);
    const socket = await SocketClient.signedIn(app.url, device.accessToken);
    await device.api.put('/users/me/password', { currentPassword: PASSWORD, newPassword });
    expect((await socket.command('ping')).type).toBe('pong');
    socket.close();
  });
});
