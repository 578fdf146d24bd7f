import type { Db } from 'mongodb';

/** One command that a store is about to send. */
export interface Call {
  readonly collection: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Decides what becomes of a command: sends it by `proceed`, before or after whatever it likes, or does not. */
export type Interceptor = (call: Call, proceed: () => Promise<unknown>) => Promise<unknown>;

const CURSORS = new Set(['find', 'aggregate']);
const COMMANDS = new Set([
  ...['findOne', 'findOneAndUpdate', 'findOneAndDelete', 'countDocuments'],
  ...['insertOne', 'insertMany', 'bulkWrite', 'updateOne', 'updateMany', 'deleteOne', 'deleteMany'],
]);

/** The same database, where every command of its collections goes through the interceptor: the network, as a test would have it. */
export function intercepted(db: Db, interceptor: Interceptor): Db {
  return wrap(db, (method, args, run) => {
    if (method !== 'collection') return run();
    return collectionOf(run() as object, String(args[0]), interceptor);
  });
}

function collectionOf(collection: object, name: string, interceptor: Interceptor): object {
  return wrap(collection, (method, args, run) => {
    const call = { collection: name, method, args };
    if (CURSORS.has(method)) return cursorOf(run() as object, call, interceptor);
    return COMMANDS.has(method) ? interceptor(call, run as () => Promise<unknown>) : run();
  });
}

/** A cursor whose command is sent when its documents are asked for. */
function cursorOf(cursor: object, call: Call, interceptor: Interceptor): object {
  const proxy: object = wrap(cursor, (method, _, run) => {
    if (method === 'toArray') return interceptor(call, run as () => Promise<unknown>);
    if (method === 'asyncIterator') return documents(cursor as Listing, call, interceptor);
    const result = run();
    return result === cursor ? proxy : result;
  });
  return proxy;
}

interface Listing {
  toArray(): Promise<unknown[]>;
}

async function* documents(cursor: Listing, call: Call, interceptor: Interceptor): AsyncGenerator<unknown> {
  yield* (await interceptor(call, () => cursor.toArray())) as unknown[];
}

/** The same object, whose method calls go through `onCall`. */
function wrap<T extends object>(
  target: T,
  onCall: (method: string, args: readonly unknown[], run: () => unknown) => unknown,
): T {
  return new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const method = typeof key === 'symbol' ? (key.description ?? '').replace('Symbol.', '') : key;
      return (...args: unknown[]) => onCall(method, args, () => Reflect.apply(value, target, args));
    },
  });
}

/** An interceptor for a process that dies: after so many commands it sends no other, and nobody hears of it again. */
export function dyingAfter(commands: number): Interceptor & { readonly died: Promise<void> } {
  let left = commands;
  let die = (): void => undefined;
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  const interceptor: Interceptor = (_, proceed) => {
    if (left > 0) {
      left -= 1;
      return proceed();
    }
    die();
    return new Promise(() => undefined);
  };
  return Object.assign(interceptor, { died });
}

/** An interceptor for a process that is slow: it pauses before one command, counted from 0, until it is told to go on. */
export function pausingAt(command: number): Interceptor & { readonly paused: Promise<void>; goOn(): void } {
  let sent = 0;
  let [pause, goOn] = [(): void => undefined, (): void => undefined];
  const paused = new Promise<void>((resolve) => {
    pause = resolve;
  });
  const told = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const interceptor: Interceptor = async (_, proceed) => {
    sent += 1;
    if (sent === command + 1) {
      pause();
      await told;
    }
    return proceed();
  };
  return Object.assign(interceptor, { paused, goOn });
}
