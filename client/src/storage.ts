import { timeOrderedId } from './time-ordered-id.ts';

/** Where the session and the messages on their way outlive the page: JSON values by key. One storage serves one server. */
export interface ParleyStorage {
  /** Says which storage it is: whoever shares it has the same name for it, and nobody else has. */
  readonly name: string;
  get(key: string): Promise<unknown>;
  /** Durable when it resolves, as far as this kind of storage is. */
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** Everything under keys that begin so, ordered by key. */
  list(prefix: string): Promise<[key: string, value: unknown][]>;
}

/** Forgets everything with the process. */
export function memoryStorage(): ParleyStorage {
  const values = new Map<string, string>();
  const parse = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));
  return {
    name: timeOrderedId(),
    get: async (key) => parse(values.get(key)),
    set: async (key, value) => void values.set(key, JSON.stringify(value)),
    delete: async (key) => void values.delete(key),
    list: async (prefix) =>
      [...values.keys()]
        .filter((key) => key.startsWith(prefix))
        .sort()
        .map((key) => [key, parse(values.get(key))]),
  };
}

type Values = Omit<ParleyStorage, 'name'>;

const TABLE = 'values';

/** IndexedDB, shared by all pages of this origin. Where a browser refuses it, as some do in private windows: memory. */
export function browserStorage(name: string): ParleyStorage {
  let opened: Promise<Values> | undefined;
  const values = (): Promise<Values> => {
    const again = () => {
      opened = undefined;
    };
    opened ??= openDatabase(name, again).then(valuesIn, memoryStorage);
    return opened;
  };
  return {
    name,
    get: async (key) => (await values()).get(key),
    set: async (key, value) => (await values()).set(key, value),
    delete: async (key) => (await values()).delete(key),
    list: async (prefix) => (await values()).list(prefix),
  };
}

function valuesIn(database: IDBDatabase): Values {
  const run = async <T>(mode: IDBTransactionMode, ask: (table: IDBObjectStore) => () => T): Promise<T> => {
    const transaction = database.transaction(TABLE, mode, { durability: 'strict' });
    const result = ask(transaction.objectStore(TABLE));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    return result();
  };
  const nothing = () => undefined;
  return {
    get: (key) =>
      run('readonly', (table) => {
        const request = table.get(key);
        return () => request.result;
      }),
    set: (key, value) =>
      run('readwrite', (table) => {
        table.put(value, key);
        return nothing;
      }),
    delete: (key) =>
      run('readwrite', (table) => {
        table.delete(key);
        return nothing;
      }),
    list: (prefix) =>
      run('readonly', (table) => {
        const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
        const [keys, values] = [table.getAllKeys(range), table.getAll(range)];
        return () => keys.result.map((key, index) => [String(key), values.result[index]]);
      }),
  };
}

/** @param onClose - called when the browser has closed it, so that it has to be opened again */
function openDatabase(name: string, onClose: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(TABLE);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = onClose;
      database.onversionchange = () => {
        database.close();
        onClose();
      };
      resolve(database);
    };
  });
}
