/** The people of the scenarios with many sockets: each is in so many groups of so many. */
import { readFileSync } from 'node:fs';
import { dataFolder } from '../parley.ts';
import { settle, type Town } from '../town.ts';

const WANTED = 10_000;
const CHATS_EACH = 20;
export const CHAT_SIZE = 10;
/** Descriptors that a process needs beside its sockets. */
const SPARE = 500;

/** So many sockets as this machine lets a process open (RLIMIT_NOFILE, which Node raises to the hard limit), and a word about it. */
export function crowdSize(): { readonly count: number; readonly note: string } {
  const limit = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits())?.[1] ?? Number.POSITIVE_INFINITY);
  const count = Math.min(WANTED, Math.floor((limit - SPARE) / CHAT_SIZE) * CHAT_SIZE);
  const sockets = `${count.toLocaleString('en')} sockets of as many people, each a member of ${CHATS_EACH} groups of ${CHAT_SIZE}`;
  const isFewer = count < WANTED ? ` (RLIMIT_NOFILE is ${limit}, so no more)` : '';
  return { count, note: `${sockets}${isFewer}` };
}

function limits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}

export interface Crowd extends Town {
  readonly dataDir: string;
}

let crowd: Promise<Crowd> | undefined;

/** Settled once for all scenarios of a run. */
export function theCrowd(count: number): Promise<Crowd> {
  crowd ??= settleCrowd(count);
  return crowd;
}

async function settleCrowd(count: number): Promise<Crowd> {
  const dataDir = dataFolder();
  const groups = Array.from({ length: CHATS_EACH }, () => shuffledGroups(count)).flat();
  return { dataDir, ...(await settle({ PARLEY_DATA_DIR: dataDir }, count, groups)) };
}

function shuffledGroups(count: number): number[][] {
  const order = Array.from({ length: count }, (_, i) => ({ i, at: Math.random() })).sort((a, b) => a.at - b.at);
  return Array.from({ length: count / CHAT_SIZE }, (_, group) =>
    order.slice(group * CHAT_SIZE, (group + 1) * CHAT_SIZE).map(({ i }) => i),
  );
}
