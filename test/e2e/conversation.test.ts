import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, ApiClient, PASSWORD } from '../support/api-client.ts';
import { CONVERSATION } from '../support/conversation-texts.ts';
import { withMongo } from '../support/mongo.ts';
import { onMongo, onSqlite, type ProcessStore } from '../support/process-stores.ts';
import { ServerProcess } from '../support/server-process.ts';
import { SocketClient } from '../support/socket-client.ts';

/** What two people do from their first day on, with the whole program in a process of its own. */
function conversation(openStore: () => Promise<ProcessStore>): void {
  let store: ProcessStore;
  let server: ServerProcess;
  let ann: Account;
  let bob: Account;
  let direct: string;
  let group: string;
  const written: { id: string; content: string; seq: number }[] = [];

  beforeAll(async () => {
    store = await openStore();
    server = await ServerProcess.start(store.env);
    const api = new ApiClient(server.url);
    [ann, bob] = [await api.register('Ann'), await api.register('Bób')];
  });
  afterAll(async () => {
    await server.kill('SIGKILL');
    await store.remove();
  });

  /** Stops the program in some way, starts it again on the same data, and signs both in to the new one. */
  async function restart(signal: NodeJS.Signals): Promise<void> {
    await server.kill(signal);
    server = await ServerProcess.start(store.env);
    const api = new ApiClient(server.url);
    const signIn = async ({ id, username, password }: Account): Promise<Account> => {
      const { body } = await api.post('/auth/login', { login: username.toUpperCase(), password });
      const { accessToken, refreshToken } = body;
      return { id, username, password, accessToken, refreshToken, api: new ApiClient(server.url, accessToken) };
    };
    [ann, bob] = [await signIn(ann), await signIn(bob)];
  }

  const history = async (account: Account, chatId: string) =>
    (await account.api.get(`/chats/${chatId}/messages?order=asc&limit=100`)).body.items;

  it('they open a direct chat and a group', async () => {
    const opened = await ann.api.post('/chats', { kind: 'direct', userId: bob.id });
    expect(opened.status).toBe(201);
    expect((await bob.api.post('/chats', { kind: 'direct', userId: ann.id })).status).toBe(200);
    direct = opened.body.id;
    const made = await ann.api.post('/chats', { kind: 'group', name: '  Фотоклуб 📷 ', memberIds: [bob.id] });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ name: 'Фотоклуб 📷', memberCount: 2, role: 'owner', seq: 1 });
    group = made.body.id;
  });

  it('what one writes over HTTP the other hears at once on the socket, to the letter', async () => {
    const listening = await SocketClient.signedIn(server.url, bob.accessToken);
    for (const content of CONVERSATION) {
      const { status, body } = await ann.api.post(`/chats/${direct}/messages`, { content });
      expect(status).toBe(201);
      expect(body.content).toBe(content);
      written.push(body);
    }
    const last = written.at(-1);
    await listening.find((frame) => frame.type === 'message.created' && frame.seq === last?.seq);
    const heard = listening
      .eventsOf(direct)
      .map((frame) => (frame.data as { message: { content: string } }).message.content);
    expect(heard).toEqual(CONVERSATION);
    listening.close();
  });

  it('they send over the socket, each sees the other’s and their own', async () => {
    const [a, b] = [
      await SocketClient.signedIn(server.url, ann.accessToken),
      await SocketClient.signedIn(server.url, bob.accessToken),
    ];
    const sent = await a.command('message.send', { chatId: group, content: 'Wer kommt mit?', clientId: 'q1' });
    expect(sent).toMatchObject({
      type: 'ack',
      message: { content: 'Wer kommt mit?', clientId: 'q1', senderId: ann.id },
    });
    const answered = await b.command('message.send', { chatId: group, content: 'أنا 🙋🏽‍♂️' });
    expect(answered.type).toBe('ack');
    for (const socket of [a, b]) {
      await socket.find((frame) => frame.type === 'message.created' && frame.seq === 3);
      const events = socket.eventsOf(group);
      expect(events.map(({ type, seq }) => [type, seq])).toEqual([
        ['message.created', 2],
        ['message.created', 3],
      ]);
    }
    a.close();
    b.close();
  });

  it('several at once, an edit and a deletion', async () => {
    const lines = ['eins', 'zwei', 'drei'].map((content) => ({ content }));
    const many = await bob.api.post(`/chats/${group}/messages`, { messages: lines });
    expect(many.status).toBe(201);
    const [one, two] = many.body.items;
    const edited = await bob.api.patch(`/chats/${group}/messages/${one.id}`, { content: 'eins!' });
    expect(edited.body).toMatchObject({ content: 'eins!', editedAt: expect.any(String) });
    expect((await bob.api.delete(`/chats/${group}/messages/${two.id}`)).status).toBe(204);
    expect((await ann.api.get(`/chats/${group}/messages/${two.id}`)).body).toMatchObject({
      content: null,
      seq: two.seq,
      deletedAt: expect.any(String),
    });
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('everything is there after %s and a new start', async (signal) => {
    const before = { direct: await history(ann, direct), group: await history(ann, group) };
    await restart(signal);
    expect(await history(bob, direct)).toEqual(before.direct);
    expect(await history(bob, group)).toEqual(before.group);
    expect(before.direct.map((message: { content: string }) => message.content)).toEqual(CONVERSATION);
  });

  it('a message sent again after the restart is the one that was stored', async () => {
    const again = await ann.api.post(`/chats/${group}/messages`, { content: 'Wer kommt mit?', clientId: 'q1' });
    expect(again.status).toBe(200);
    expect(again.body.seq).toBe(2);
  });

  it('unread counts are exact, and a mark brings them down', async () => {
    const { body } = await ann.api.get('/chats');
    const unread = Object.fromEntries(
      body.items.map((chat: { id: string; unreadCount: number }) => [chat.id, chat.unreadCount]),
    );
    expect(unread).toEqual({ [direct]: 0, [group]: 3 });
    expect((await ann.api.put(`/chats/${group}/read`, { seq: 4 })).body).toEqual({ readSeq: 4, unreadCount: 1 });
  });

  it('a wrong password and an unknown name are told in the same words', async () => {
    const api = new ApiClient(server.url);
    const wrong = await api.post('/auth/login', { login: 'ann', password: `${PASSWORD}!` });
    const unknown = await api.post('/auth/login', { login: 'nobody', password: PASSWORD });
    expect([wrong.status, wrong.body.code, wrong.body.detail]).toEqual([
      unknown.status,
      unknown.body.code,
      unknown.body.detail,
    ]);
    expect(wrong.status).toBe(401);
  });
}

describe('two people talk, on SQLite', () => conversation(onSqlite));
await withMongo('two people talk, on MongoDB', (mongo) => conversation(onMongo(mongo)));
