/**
 * Holds what was done and seen in a run against what Parley promises. It knows nothing of how Parley works: its input is a log of
 * operations, what each member was told, and what each finds in the end.
 *
 * I1 durable: what was acknowledged is there. I2 unique: once, however often it was sent. I3 ordered: densely numbered, the same
 * for everybody. I4 complete: everybody is told of everything. I5 isolated: nobody else is. I6 revocable: nothing 2 s after a
 * sign-out. I7 monotonic: read marks. I8 honest: refusals are typed, and true. I9 bounded: what has a ceiling stays below it.
 */

/** One message that somebody wanted to send. */
export interface Sending {
  readonly chatId: string;
  readonly senderId: string;
  readonly clientId: string;
  /** As it was last edited; null once it was deleted. */
  content: string | null;
  /** `ok`: acknowledged; `failed`: refused for good; `unknown`: neither, however often it was repeated. */
  outcome: 'ok' | 'failed' | 'unknown';
  /** What it was acknowledged as. */
  seq?: number;
  /** The code of every error that came for it, and whether that says when a repeat is safe. */
  readonly errors: { readonly code: string; readonly retryAfterMs?: number }[];
}

export interface Line {
  readonly seq: number;
  readonly senderId: string;
  readonly clientId: string | null;
  readonly content: string | null;
  /** When it was written, by the server. */
  readonly at: number;
}

/** A frame about a chat, as it came on one connection. */
export interface Heard {
  readonly connection: number;
  readonly at: number;
  readonly chatId: string;
  readonly type: string;
  /** Of a stored change. */
  readonly rev?: number;
  /** What the change is, by which two readers' accounts of it are compared. */
  readonly what?: string;
  /** Of a read mark: whose, and how far. */
  readonly read?: { readonly userId: string; readonly seq: number };
  /** Whom the change removed. */
  readonly removed?: readonly string[];
}

export interface Witness {
  readonly userId: string;
  /** The chats that he is in at the end. */
  readonly chatIds: readonly string[];
  /** The chats that he was ever in. */
  readonly everIn: readonly string[];
  readonly heard: readonly Heard[];
  /** What he has in the end by what he was told, without a reload, and what he finds when he asks. */
  readonly copies: ReadonlyMap<string, readonly Line[]>;
  readonly histories: ReadonlyMap<string, readonly Line[]>;
  readonly unread: ReadonlyMap<
    string,
    { readonly head: number; readonly readSeq: number; readonly unreadCount: number }
  >;
  /** When his session ended, where it did. */
  readonly signedOutAt?: number;
}

/** Something that has a ceiling, and how high it went. */
export interface Measure {
  readonly name: string;
  readonly highest: number;
  readonly ceiling: number;
}

export interface Run {
  readonly sendings: readonly Sending[];
  readonly witnesses: readonly Witness[];
  readonly measures: readonly Measure[];
}

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9';

export interface Violation {
  readonly invariant: Invariant;
  /** `lost`, `doubled` and `disordered` are counted in the table of faults; the rest is `other`. */
  readonly kind: 'lost' | 'doubled' | 'disordered' | 'other';
  readonly what: string;
}

export const SIGN_OUT_MS = 2_000;
/** Refusals after which the same may be sent again: each says when. */
const PASSING = ['BUSY', 'UNAVAILABLE', 'OUTCOME_UNKNOWN', 'RATE_LIMITED'];

export function check(run: Run): Violation[] {
  return [
    ...acknowledged(run),
    ...run.witnesses.flatMap((witness) => [
      ...histories(witness),
      ...streams(witness),
      ...convergence(witness),
      ...isolation(witness),
      ...marks(witness),
    ]),
    ...agreement(run.witnesses),
    ...honesty(run),
    ...run.measures
      .filter(({ highest, ceiling }) => highest > ceiling)
      .map(({ name, highest, ceiling }) => other('I9', `${name} went to ${highest}, above ${ceiling}`)),
  ];
}

const other = (invariant: Invariant, what: string): Violation => ({ invariant, kind: 'other', what });
const keyOf = ({ senderId, clientId }: { senderId: string; clientId: string | null }) => `${senderId}/${clientId}`;

/** I1: what was acknowledged is in everybody's history, as it was acknowledged. */
function acknowledged({ sendings, witnesses }: Run): Violation[] {
  const found: Violation[] = [];
  for (const { userId, histories: all } of witnesses) {
    for (const [chatId, lines] of all) {
      const byKey = new Map(lines.map((line) => [keyOf(line), line]));
      for (const sending of sendings) {
        if (sending.chatId !== chatId || sending.outcome !== 'ok') continue;
        const line = byKey.get(keyOf(sending));
        if (line && line.content === sending.content && line.seq === sending.seq) continue;
        const what = `${keyOf(sending)} of ${chatId}, acknowledged as ${sending.seq}, is ${JSON.stringify(line)} to ${userId}`;
        found.push({ invariant: 'I1', kind: 'lost', what });
      }
    }
  }
  return found;
}

/** I2 and I3: each line once, numbered densely, and none written before the one above it. */
function histories({ userId, histories: all }: Witness): Violation[] {
  const found: Violation[] = [];
  for (const [chatId, lines] of all) {
    const seen = new Set<string>();
    for (const line of lines.filter(({ clientId }) => clientId !== null)) {
      if (seen.has(keyOf(line))) {
        found.push({ invariant: 'I2', kind: 'doubled', what: `${keyOf(line)} is in ${chatId} twice to ${userId}` });
      }
      seen.add(keyOf(line));
    }
    const wrong = lines.findIndex(({ seq }, i) => seq !== i + 1);
    if (wrong >= 0) {
      const what = `line ${wrong + 1} of ${chatId} has seq ${lines[wrong]?.seq} to ${userId}`;
      found.push({ invariant: 'I3', kind: 'disordered', what });
    }
    const early = lines.findIndex(({ at }, i) => at < (lines[i - 1]?.at ?? at));
    if (early >= 0) {
      const what = `line ${early + 1} of ${chatId} was written before the line above it to ${userId}`;
      found.push({ invariant: 'I3', kind: 'disordered', what });
    }
  }
  return found;
}

/** I3: on one connection the changes of a chat come one after the other. */
function streams({ userId, heard }: Witness): Violation[] {
  const last = new Map<string, number>();
  const found: Violation[] = [];
  for (const { connection, chatId, rev, type } of heard) {
    if (rev === undefined) continue;
    const key = `${connection} ${chatId}`;
    const before = last.get(key);
    last.set(key, Math.max(rev, before ?? 0));
    if (before === undefined || rev === before + 1 || type === 'chat.created') continue;
    const what = `${userId} heard rev ${rev} of ${chatId} after ${before}`;
    found.push({ invariant: 'I3', kind: rev <= before ? 'doubled' : 'disordered', what });
  }
  return found;
}

/** I3: everybody has the same lines at the same places, and the same changes. */
function agreement(witnesses: readonly Witness[]): Violation[] {
  const found: Violation[] = [];
  const lines = new Map<string, string>();
  const changes = new Map<string, string>();
  const agree = (all: Map<string, string>, key: string, value: string, userId: string) => {
    const before = all.get(key);
    if (before === undefined) all.set(key, value);
    else if (before !== value) {
      found.push({ invariant: 'I3', kind: 'disordered', what: `${key} is ${value} to ${userId}, ${before} to others` });
    }
  };
  for (const { userId, histories: all, heard } of witnesses) {
    for (const [chatId, own] of all) {
      for (const { seq, ...line } of own) agree(lines, `line ${seq} of ${chatId}`, JSON.stringify(line), userId);
    }
    for (const { chatId, rev, what, type } of heard) {
      if (rev !== undefined && what !== undefined && type !== 'chat.created') {
        agree(changes, `rev ${rev} of ${chatId}`, what, userId);
      }
    }
  }
  return found;
}

/** I4: what he was told adds up to what there is. */
function convergence({ userId, chatIds, copies, histories: all }: Witness): Violation[] {
  return chatIds.flatMap((chatId) => {
    const [told, there] = [copies.get(chatId) ?? [], all.get(chatId) ?? []];
    const at = there.findIndex((line, i) => JSON.stringify(line) !== JSON.stringify(told[i]));
    if (at < 0 && told.length === there.length) return [];
    const place = at < 0 ? there.length : at;
    const what = `${userId} has ${JSON.stringify(told[place])} for ${JSON.stringify(there[place])} in ${chatId}`;
    return [{ invariant: 'I4', kind: 'lost', what } as const];
  });
}

/** I5: nothing of a chat that he was never in, and nothing after he was removed. I6: nothing after he was signed out. */
function isolation({ userId, everIn, heard, signedOutAt }: Witness): Violation[] {
  const found: Violation[] = [];
  const out = new Set<string>();
  for (const { chatId, type, at, removed } of heard) {
    if (!everIn.includes(chatId))
      found.push(other('I5', `${userId} heard ${type} of ${chatId}, in which he never was`));
    if (type === 'chat.created') out.delete(chatId);
    else if (out.has(chatId)) found.push(other('I5', `${userId} heard ${type} of ${chatId} after he was removed`));
    if (removed?.includes(userId)) out.add(chatId);
    if (signedOutAt !== undefined && at > signedOutAt + SIGN_OUT_MS) {
      found.push(other('I6', `${userId} heard ${type} ${at - signedOutAt} ms after he was signed out`));
    }
  }
  return found;
}

/** I7: marks never go back, nor beyond the head; unread is what lies above. */
function marks({ userId, heard, histories: all, unread }: Witness): Violation[] {
  const found: Violation[] = [];
  const last = new Map<string, number>();
  for (const { chatId, read } of heard) {
    if (!read) continue;
    const key = `${chatId} ${read.userId}`;
    if (read.seq < (last.get(key) ?? 0)) found.push(other('I7', `the mark of ${key} went back to ${read.seq}`));
    last.set(key, read.seq);
  }
  for (const [chatId, { head, readSeq, unreadCount }] of unread) {
    if (readSeq > head) found.push(other('I7', `${userId} has read ${readSeq} of ${head} lines of ${chatId}`));
    const lines = all.get(chatId) ?? [];
    const above = lines.filter(
      ({ seq, senderId, clientId, content }) =>
        seq > readSeq && senderId !== userId && clientId !== null && content !== null,
    );
    if (above.length !== unreadCount) {
      found.push(
        other('I7', `${userId} has ${unreadCount} unread lines in ${chatId}, and ${above.length} above his mark`),
      );
    }
  }
  return found;
}

/** I8: what was refused for good is not there, and every failure says whether a repeat is safe. */
function honesty({ sendings, witnesses }: Run): Violation[] {
  const stored = new Set(
    witnesses.flatMap(({ histories: all }) =>
      [...all].flatMap(([chatId, lines]) => lines.map((line) => `${chatId} ${keyOf(line)}`)),
    ),
  );
  return sendings.flatMap((sending) => {
    const key = `${sending.chatId} ${keyOf(sending)}`;
    const untyped = sending.errors.filter(
      ({ code, retryAfterMs }) => !/^[A-Z_]+$/.test(code) || (PASSING.includes(code) && retryAfterMs === undefined),
    );
    return [
      ...(sending.outcome === 'failed' && stored.has(key) ? [other('I8', `${key} was refused and is stored`)] : []),
      ...untyped.map(({ code }) => other('I8', `${key} failed with ${code}, which does not say when to repeat it`)),
    ];
  });
}
