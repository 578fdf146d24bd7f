import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createClient } from 'redis';
import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { LocalPresenceStore } from '../../src/infrastructure/local/local-presence-store.ts';
import { LocalRateLimiter } from '../../src/infrastructure/local/local-rate-limiter.ts';
import { RedisEventBus } from '../../src/infrastructure/redis/redis-event-bus.ts';
import { RedisLink } from '../../src/infrastructure/redis/redis-link.ts';
import { RedisNode } from '../../src/infrastructure/redis/redis-node.ts';
import { RedisPresenceStore } from '../../src/infrastructure/redis/redis-presence-store.ts';
import { RedisRateLimiter } from '../../src/infrastructure/redis/redis-rate-limiter.ts';
import { SystemClock } from '../../src/infrastructure/system.ts';
import { anId } from '../support/builders.ts';
import { cleanUpAfterEach } from '../support/clean-ups.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { withRedis } from '../support/redis.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { ear, eventBusSuite, typing } from './event-bus-suite.ts';
import { presenceStoreSuite } from './presence-store-suite.ts';
import { rateLimiterSuite } from './rate-limiter-suite.ts';

const PATIENCE_MS = 60_000;

/** The Redis side of one process. */
async function aNode(redis: RedisServer, prefix: string) {
  const logger = new RecordingLogger();
  const link = new RedisLink({ url: redis.url, logger });
  const deps = { link, prefix, nodeId: anId() };
  const bus = new RedisEventBus({ ...deps, local: new LocalEventBus(logger), logger });
  const presence = new RedisPresenceStore({ ...deps, own: new LocalPresenceStore() });
  const limiter = new RedisRateLimiter({ ...deps, own: new LocalRateLimiter(new SystemClock()) });
  await link.open(PATIENCE_MS);
  const close = async () => {
    await presence.close();
    await link.close();
  };
  return { bus, presence, limiter, link, logger, close };
}

withRedis('Redis', (redis) => {
  const afterwards = cleanUpAfterEach();

  const twoNodes = async () => {
    const prefix = anId();
    const [here, there] = [await aNode(redis, prefix), await aNode(redis, prefix)];
    const dispose = async () => {
      await Promise.all([here.close(), there.close()]);
    };
    return { here, there, dispose };
  };
  const two = async () => {
    const { here, there, dispose } = await twoNodes();
    afterwards(dispose);
    return { here, there };
  };

  eventBusSuite({
    name: 'Redis',
    fresh: async () => {
      const { here, there, dispose } = await twoNodes();
      return { here: here.bus, there: there.bus, dispose };
    },
  });
  presenceStoreSuite({
    name: 'Redis',
    fresh: async () => {
      const { here, there, dispose } = await twoNodes();
      return { here: here.presence, there: there.presence, dispose };
    },
  });

  rateLimiterSuite({
    name: 'Redis',
    fresh: async () => {
      const { here, there, dispose } = await twoNodes();
      return { here: here.limiter, there: there.limiter, dispose };
    },
  });

  test('what is too much for one login, whichever node is asked, is refused by both', async () => {
    const prefix = anId();
    const [here, there] = await Promise.all(
      [1, 2].map(async () => {
        const node = new RedisNode({ url: redis.url, logger: new RecordingLogger(), epoch: prefix, nodeId: anId() });
        const app = await startApp({ redis: node, settings: { rateLimit: true, rateLimits: ['loginName=3/24h'] } });
        afterwards(() => node.close());
        afterwards(app.stop);
        return app;
      }),
    );
    const guess = (app: RunningApp | undefined, login: string) =>
      app?.api.post('/auth/login', { login, password: 'guess' }).then(({ status }) => status);
    for (const app of [here, there, here]) expect(await guess(app, 'ann')).toBe(401);
    for (const app of [here, there]) expect([await guess(app, 'Ann'), await guess(app, 'bob')]).toEqual([429, 401]);
  });

  test('a node hears nothing of chats and people that it does not follow, or follows no more', async () => {
    const { here, there } = await two();
    await there.bus.follow(['chat:c', 'chat:left']);
    there.bus.unfollow(['chat:left']);
    await there.bus.follow(['chat:next']);
    const { heard, until } = ear(there.bus);
    here.bus.publish(typing('left'));
    here.bus.publish(typing('other'));
    here.bus.publish({ type: 'sessions.ended', userId: 'ann', sessionIds: ['s'] });
    here.bus.publish(typing('c'));
    await until((event) => event.type === 'chat.typing' && event.chatId === 'c');
    expect(heard).toEqual([typing('c')]);
  });

  test('a chat that is left and followed again at once is followed', async () => {
    const { here, there } = await two();
    for (let i = 0; i < 50; i += 1) {
      await there.bus.follow(['chat:c']);
      there.bus.unfollow(['chat:c']);
    }
    await there.bus.follow(['chat:c']);
    const { untilType } = ear(there.bus);
    here.bus.publish(typing('c'));
    expect(await untilType('chat.typing')).toEqual(typing('c'));
  });

  test('thousands of topics are followed at once', async () => {
    const { here, there } = await two();
    await there.bus.follow(Array.from({ length: 5_000 }, (_, i) => `chat:${i}` as const));
    const { until } = ear(there.bus);
    here.bus.publish(typing('0'));
    here.bus.publish(typing('4999'));
    await until((event) => event.type === 'chat.typing' && event.chatId === '0');
    await until((event) => event.type === 'chat.typing' && event.chatId === '4999');
  });

  test('what another program says on these channels is logged and ignored', async () => {
    const prefix = anId();
    const node = await aNode(redis, prefix);
    afterwards(node.close);
    const other = createClient({ url: redis.url });
    await other.connect();
    afterwards(() => other.close());
    const { heard, untilType } = ear(node.bus);
    await other.publish(`${prefix}:all`, 'no node says such things, however long they are');
    await other.publish(
      `${prefix}:all`,
      `${anId()}${JSON.stringify({ type: 'user.updated', userId: 'u', version: 1 })}`,
    );
    await untilType('user.updated');
    expect(heard).toHaveLength(1);
    expect(node.logger.lines).toContainEqual(expect.objectContaining({ level: 'warn' }));
  });

  test('two stores on one Redis do not hear of each other', async () => {
    const { here } = await two();
    const { there } = await two();
    await there.bus.follow(['chat:c']);
    await there.presence.set('bob', '1', 'online');
    const { heard } = ear(there.bus);
    here.bus.publish(typing('c'));
    here.bus.publish({ type: 'user.updated', userId: 'ann', version: 1 });
    expect(await here.presence.connected()).toEqual([]);
    await there.link.ask((client) => client.ping());
    expect(heard).toEqual([]);
  });

  describe('a node that ends', () => {
    test('in order takes its people with it at once', async () => {
      const { here, there } = await two();
      await there.presence.set('bob', '1', 'online');
      await there.presence.close();
      expect(await here.presence.connected()).toEqual([]);
      expect(await here.presence.vanished()).toEqual([]);
    });

    test('without a word is forgotten within 20 s, and its people are told once', async () => {
      const prefix = anId();
      const [here, there, third] = [await aNode(redis, prefix), await aNode(redis, prefix), await aNode(redis, prefix)];
      afterwards(here.close);
      afterwards(third.close);
      await there.presence.set('bob', '1', 'online');
      await there.link.close(); // it beats no more
      expect(await here.presence.connected()).toEqual(['bob']);
      const ended = await here.link.ask(async (client) => {
        const lives = await client.keys(`${prefix}:presence:alive:*`);
        const rests = await Promise.all(lives.map((key) => client.pTTL(key)));
        expect(Math.min(...rests)).toBeGreaterThan(0);
        expect(Math.max(...rests)).toBeLessThanOrEqual(20_000);
        return client.del(lives); // as when that time has passed
      });
      expect(ended).toBe(3);
      for (const { presence } of [here, third]) expect(await presence.connected()).toEqual([]);
      for (const { presence } of [here, third]) expect(await presence.statuses(['bob'])).toEqual(new Map());
      const told = await Promise.all([here.presence.vanished(), here.presence.vanished(), third.presence.vanished()]);
      expect(told.flat()).toEqual(['bob']);
      expect(await here.presence.vanished()).toEqual([]);
    });
  });
});

withRedis('a Redis that comes and goes', (redis) => {
  const afterwards = cleanUpAfterEach();
  const aNodeOf = async (prefix: string) => {
    const node = await aNode(redis, prefix);
    afterwards(node.close);
    return node;
  };
  const away = async ({ bus }: { bus: RedisEventBus }) => {
    while (bus.reachesOthers) await sleep(10);
  };

  test('killed and started again: nobody waits, both nodes hear that they missed something, and then of what comes', async () => {
    const prefix = anId();
    const [here, there] = [await aNodeOf(prefix), await aNodeOf(prefix)];
    await there.bus.follow(['chat:c']);
    await here.presence.set('ann', '1', 'online');
    const ears = [ear(here.bus), ear(there.bus)] as const;
    await redis.kill();
    await Promise.all([away(here), away(there)]);
    here.bus.publish(typing('c'));
    here.bus.publish({ type: 'user.updated', userId: 'ann', version: 2 });
    await there.bus.follow(['chat:d']);
    await here.presence.set('bob', '2', 'online');
    expect((await here.presence.connected()).sort()).toEqual(['ann', 'bob']);
    expect((await here.limiter.take('k', { max: 1, windowMs: 60_000 })).allowed).toBe(true);
    expect((await here.limiter.take('k', { max: 1, windowMs: 60_000 })).allowed).toBe(false);
    expect((await there.limiter.take('k', { max: 1, windowMs: 60_000 })).allowed).toBe(true);
    expect(await there.presence.connected()).toEqual([]);
    await redis.start();
    for (const { untilType } of ears) await untilType('missed');
    while (!here.bus.reachesOthers || !there.bus.reachesOthers) await sleep(10);
    here.bus.publish(typing('d'));
    await ears[1].until((event) => event.type === 'chat.typing' && event.chatId === 'd');
    expect(ears[1].heard).not.toContainEqual(typing('c'));
    expect((await there.presence.connected()).sort()).toEqual(['ann', 'bob']);
  });

  test('a node starts while it is away, and finds it', async () => {
    await redis.kill();
    const link = new RedisLink({ url: redis.url, logger: new RecordingLogger() });
    afterwards(() => link.close());
    expect(await link.open(100)).toBe(false);
    expect(await link.ask((client) => client.ping())).toBeNull();
    await redis.start();
    expect(await link.open(PATIENCE_MS)).toBe(true);
    expect(await link.ask((client) => client.ping())).toBe('PONG');
  });

  test('one that says nothing counts as away within 5 s, what waits for it is bounded, and the others hear of the loss', async () => {
    const prefix = anId();
    const [here, there] = [await aNodeOf(prefix), await aNodeOf(prefix)];
    await there.bus.follow(['chat:c']);
    const { heard, untilType } = ear(there.bus);
    const before = process.memoryUsage().rss;
    redis.freeze();
    afterwards(() => redis.thaw());
    const content = 'x'.repeat(10_000);
    for (let i = 0; i < 20_000; i += 1) here.bus.publish({ type: 'broadcast', userId: 'ann', content, at: i });
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
    // Of the tenths of a second that a machine stands still, one at most goes by.
    let tenths = 0;
    for (; here.bus.reachesOthers; tenths += 1) await sleep(100);
    expect(tenths).toBeLessThan(50);
    redis.thaw();
    await untilType('missed');
    expect(heard.filter(({ type }) => type === 'broadcast').length).toBeLessThan(20_000);
  });

  test('one node loses its link: the other, which never lost its own, is told', async () => {
    const prefix = anId();
    const [here, there] = [await aNodeOf(prefix), await aNodeOf(prefix)];
    const { heard, untilType } = ear(there.bus);
    here.link.client?.destroy();
    here.bus.publish({ type: 'user.updated', userId: 'ann', version: 2 });
    await untilType('missed');
    expect(heard).toEqual([{ type: 'missed', since: expect.any(Number) }]);
    expect(Date.now() - (heard[0] as { since: number }).since).toBeLessThan(10_000);
  });
});
