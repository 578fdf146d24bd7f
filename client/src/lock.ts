const queues = new Map<string, Promise<unknown>>();

/** Runs one `work` at a time of those that name the same lock: across all tabs where the platform has Web Locks, else in this process. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (locks) return (await locks.request(name, work)) as T;
  const before = queues.get(name);
  const mine = (before ?? Promise.resolve()).then(work, work);
  const settled = mine.catch(() => undefined);
  queues.set(name, settled);
  await settled;
  if (queues.get(name) === settled) queues.delete(name);
  return mine;
}
