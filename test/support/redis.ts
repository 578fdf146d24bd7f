import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { RedisServer, redisIsInstalled } from './redis-server.ts';

/**
 * Runs a suite on a Redis server of its own: the command of REDIS_SERVER, else `redis-server`. Where there is none it says that
 * it was not run; with REQUIRE_REDIS=1 that is a failure.
 */
export function withRedis(name: string, suite: (redis: RedisServer) => void): void {
  if (!redisIsInstalled()) {
    test(`${name} (not run)`, () => {
      process.stdout.write(`not run: ${name}: there is no redis-server, and no REDIS_SERVER that names one\n`);
      if (process.env.REQUIRE_REDIS === '1') throw new Error('there is no redis-server');
    });
    return;
  }
  describe(name, () => {
    const redis = new RedisServer();
    beforeAll(() => redis.start());
    suite(redis);
    afterAll(() => redis.kill());
  });
}
