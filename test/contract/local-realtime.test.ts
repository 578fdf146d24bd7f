import { LocalEventBus } from '../../src/infrastructure/local/local-event-bus.ts';
import { LocalPresenceStore } from '../../src/infrastructure/local/local-presence-store.ts';
import { LocalRateLimiter } from '../../src/infrastructure/local/local-rate-limiter.ts';
import { SystemClock } from '../../src/infrastructure/system.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { eventBusSuite } from './event-bus-suite.ts';
import { presenceStoreSuite } from './presence-store-suite.ts';
import { rateLimiterSuite } from './rate-limiter-suite.ts';

const dispose = async (): Promise<void> => undefined;

eventBusSuite({
  name: 'one process',
  fresh: async () => {
    const bus = new LocalEventBus(new RecordingLogger());
    return { here: bus, there: bus, dispose };
  },
});

presenceStoreSuite({
  name: 'one process',
  fresh: async () => {
    const store = new LocalPresenceStore();
    return { here: store, there: store, dispose };
  },
});

rateLimiterSuite({
  name: 'one process',
  fresh: async () => {
    const limiter = new LocalRateLimiter(new SystemClock());
    return { here: limiter, there: limiter, dispose };
  },
});
