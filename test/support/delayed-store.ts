import type { Store } from '../../src/application/ports/persistence.ts';

const SLOW = ['chatLog', 'chats', 'messages', 'users'] as const;

/** Those that answer with more than one promise, or none. */
const AT_ONCE = ['append', 'settle'];

/** Like `port`, but each call of these methods waits before it begins and before it answers. */
function delayed<T extends object>(port: T, wait: (method: string) => Promise<unknown>): T {
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      if (AT_ONCE.includes(String(name))) return method.bind(target);
      return async (...args: unknown[]) => {
        await wait(String(name));
        const answer: unknown = await Reflect.apply(method, target, args);
        await wait(String(name));
        return answer;
      };
    },
  });
}

/**
 * A store whose reads take time, as across a network, so that something else can come between them. Appends and their
 * order stay as they are.
 */
export function delayedStore(store: Store, wait: (method: string) => Promise<unknown>): Store {
  const ports = Object.fromEntries(SLOW.map((name) => [name, delayed(store[name], wait)]));
  return { ...store, ...ports, check: () => store.check(), close: () => store.close() };
}
