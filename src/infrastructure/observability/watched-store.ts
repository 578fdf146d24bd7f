import type { ChatLog, Store } from '../../application/ports/persistence.ts';
import type { Commit } from '../../domain/changes.ts';

export interface StoreWatcher {
  /** @param operation such as `users.find` */
  answered(operation: string, ms: number, failed: boolean): void;
  /** The commits that one call gives to the store. Gives who is told what became of each. */
  appending(commits: readonly Commit[]): (commit: Commit, outcome: 'stored' | 'conflict' | 'failed') => void;
}

/** The same store, seen from outside: the watcher is told of every call that waits for an answer. */
export function watchStore(store: Store, watcher: StoreWatcher): Store {
  const parts = Object.entries(store).filter(([, part]) => typeof part === 'object');
  const watched = Object.fromEntries(parts.map(([name, part]) => [name, timed(name, part, watcher)]));
  const chatLog = timed('chatLog', countingAppends(store.chatLog, watcher), watcher);
  const lifecycle = { check: () => store.check(), close: () => store.close() };
  return { ...(watched as unknown as Store), chatLog, ...lifecycle };
}

/** Adapters keep their state in private fields, so their methods are called on themselves and not on the proxy. */
function timed<T extends object>(name: string, part: T, watcher: StoreWatcher): T {
  const methods = new Map<PropertyKey, unknown>();
  return new Proxy(part, {
    get(_, key) {
      if (!methods.has(key))
        methods.set(key, timedMethod(`${name}.${String(key)}`, part, Reflect.get(part, key), watcher));
      return methods.get(key);
    },
  });
}

function timedMethod(operation: string, part: object, method: unknown, watcher: StoreWatcher): unknown {
  if (typeof method !== 'function') return method;
  return (...parameters: unknown[]): unknown => {
    const startedAt = performance.now();
    const tell = (failed: boolean) => watcher.answered(operation, performance.now() - startedAt, failed);
    const answer: unknown = Reflect.apply(method, part, parameters);
    const answers = Array.isArray(answer) ? Promise.all(answer) : answer;
    if (answers instanceof Promise)
      answers.then(
        () => tell(false),
        () => tell(true),
      );
    return answer;
  };
}

function countingAppends(log: ChatLog, watcher: StoreWatcher): ChatLog {
  const append: ChatLog['append'] = (commits) => {
    const appended = watcher.appending(commits);
    const answers = log.append(commits);
    for (const [i, commit] of commits.entries())
      answers[i]?.then(
        (outcome) => appended(commit, outcome),
        () => appended(commit, 'failed'),
      );
    return answers;
  };
  return new Proxy(log, {
    get: (_, key) => {
      if (key === 'append') return append;
      const value: unknown = Reflect.get(log, key);
      return typeof value === 'function' ? value.bind(log) : value;
    },
  });
}
