import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Account } from '../support/api-client.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { SocketClient } from '../support/socket-client.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const connect = (account: Account): Promise<SocketClient> => SocketClient.signedIn(app.url, account.accessToken);

/** A room of Ann's, Ann and Bob with a socket each, and Bob with a second device. */
async function aRoom() {
  const [ann, bob] = [await app.api.register(), await app.api.register()];
  const { id } = (await ann.api.post('/chats', { kind: 'public', name: 'Square' })).body;
  const chatId: string = id;
  return { ann, bob, chatId, sockets: [await connect(ann), await connect(bob), await connect(bob)] as const };
}

describe('a public room on the socket', () => {
  it('comes to all devices of who joins, whole, and to the others as a new member', async () => {
    const { ann, bob, chatId, sockets } = await aRoom();
    const [anns, ...bobs] = sockets;
    const joined = (await bob.api.post(`/chats/${chatId}/join`)).body;
    for (const socket of bobs) {
      const frame = await socket.next('chat.created');
      expect(frame).toMatchObject({ chatId, rev: 2, data: { chat: { ...joined, role: 'member' } } });
    }
    expect(await anns.next('member.added')).toMatchObject({
      ...{ chatId, rev: 2, seq: null, actorId: bob.id },
      data: { members: [{ userId: bob.id, role: 'member' }], memberCount: 2, message: null },
    });
    await ann.api.post(`/chats/${chatId}/messages`, { content: 'welcome' });
    for (const socket of sockets)
      expect(await socket.next('message.created')).toMatchObject({ chatId, rev: 3, seq: 2 });
    for (const socket of sockets) socket.close();
  });

  it('shows who joins, and who resumes there, no name of a private person who has left', async () => {
    const { ann, bob, chatId, sockets } = await aRoom();
    const eve = await app.api.register();
    await eve.api.patch('/users/me', { isPrivate: true, displayName: 'Eve' });
    await eve.api.post(`/chats/${chatId}/join`);
    await eve.api.post(`/chats/${chatId}/messages`, { content: 'hello' });
    await eve.api.delete(`/chats/${chatId}/members/me`);
    const sender = { id: eve.id, displayName: null };
    await bob.api.post(`/chats/${chatId}/join`);
    expect((await sockets[1].next('chat.created')).data).toMatchObject({ chat: { lastMessage: { sender } } });
    const { epoch } = await sockets[0].next('ready');
    const resumed = await SocketClient.signedIn(
      app.url,
      ann.accessToken,
      {},
      { epoch, chats: { [chatId]: { rev: 1, readSeq: 1 } } },
    );
    expect((await resumed.next('message.created')).data).toMatchObject({ message: { sender } });
    for (const socket of [...sockets, resumed]) socket.close();
  });

  it('tells of who leaves, and tells him nothing after it', async () => {
    const { ann, bob, chatId, sockets } = await aRoom();
    const [anns, ...bobs] = sockets;
    await bob.api.post(`/chats/${chatId}/join`);
    await bob.api.delete(`/chats/${chatId}/members/me`);
    for (const socket of sockets) {
      expect(await socket.next('member.removed')).toMatchObject({
        data: { members: [{ userId: bob.id }], memberCount: 1, message: null },
      });
    }
    await ann.api.post(`/chats/${chatId}/messages`, { content: 'gone' });
    await anns.next('message.created');
    for (const socket of bobs) {
      await socket.settled();
      expect(socket.eventsOf(chatId).map(({ type }) => type)).toEqual(['chat.created', 'member.removed']);
    }
    for (const socket of sockets) socket.close();
  });

  it('that is muted tells all devices of that person, and nobody else', async () => {
    const { ann, bob, chatId, sockets } = await aRoom();
    const [anns, ...bobs] = sockets;
    await bob.api.post(`/chats/${chatId}/join`);
    const [, elsewhere] = bobs;
    await elsewhere?.command('chat.leave', { chatId });
    const until = '2099-01-01T11:00:00.000Z';
    for (const body of [{}, { until }]) expect((await bob.api.put(`/chats/${chatId}/mute`, body)).status).toBe(204);
    await bob.api.delete(`/chats/${chatId}/mute`);
    for (const socket of bobs) {
      await socket.find(({ type, data }) => type === 'chat.muted' && !(data as { muted: boolean }).muted);
      expect(socket.frames.filter(({ type }) => type === 'chat.muted')).toEqual(
        [
          { muted: true, mutedUntil: null },
          { muted: true, mutedUntil: until },
          { muted: false, mutedUntil: null },
        ].map((data) => ({ type: 'chat.muted', chatId, data })),
      );
    }
    expect((await ann.api.put(`/chats/${chatId}/mute`, { until: '2020-01-01T00:00:00Z' })).status).toBe(400);
    await anns.settled();
    expect(anns.frames.map(({ type }) => type)).not.toContain('chat.muted');
    for (const socket of sockets) socket.close();
  });

  it('is followed and written to by its members alone', async () => {
    const { chatId, sockets } = await aRoom();
    const [, bobs] = sockets;
    for (const [type, fields] of [
      ['chat.join', {}],
      ['chat.read', { seq: 1 }],
      ['message.send', { content: 'hello' }],
    ] as const) {
      expect(await bobs.command(type, { chatId, ...fields })).toMatchObject({ type: 'error', code: 'FORBIDDEN' });
    }
    for (const socket of sockets) socket.close();
  });
});
