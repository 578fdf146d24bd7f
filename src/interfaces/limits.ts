/** How often something may be done, by whom it is counted, and how an operator writes it. Nothing here but the table. */
export interface Limit {
  readonly per: 'address' | 'user' | 'login' | 'email';
  /** So much at once; it grows back evenly within the window. */
  readonly max: number;
  readonly windowMs: number;
}

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000 };
const MINUTE = UNITS_MS.m;

/**
 * The built-in rate limits. Generous: they stop machines, not people. Addresses are counted as given by trusted proxies, IPv6 by
 * its /64.
 */
export const LIMITS = {
  register: { per: 'address', max: 60, windowMs: 10 * MINUTE },
  login: { per: 'address', max: 60, windowMs: MINUTE },
  /** Against guessing one person's password from many addresses. */
  loginName: { per: 'login', max: 30, windowMs: 5 * MINUTE },
  reset: { per: 'address', max: 30, windowMs: 10 * MINUTE },
  /** Against filling somebody's mailbox. */
  resetAddress: { per: 'email', max: 5, windowMs: 15 * MINUTE },
  refresh: { per: 'address', max: 300, windowMs: MINUTE },
  password: { per: 'user', max: 10, windowMs: MINUTE },
  upload: { per: 'user', max: 120, windowMs: MINUTE },
  /** Counted in messages and edits, each of which stores a text, over HTTP and all sockets together. */
  send: { per: 'user', max: 1_200, windowMs: MINUTE },
  /** Each is a call to somebody else, who has limits of his own. */
  gifs: { per: 'user', max: 60, windowMs: MINUTE },
  /** Each may be an answer of hundreds of events, or wait for half a minute. */
  sync: { per: 'user', max: 300, windowMs: MINUTE },
  /** Histories by their text: each compares up to 10,000 lines, and how long those are others have chosen. */
  search: { per: 'user', max: 60, windowMs: MINUTE },
  join: { per: 'user', max: 120, windowMs: MINUTE },
  typing: { per: 'user', max: 300, windowMs: MINUTE },
  /** New sockets, whoever they are for. */
  upgrade: { per: 'address', max: 1_200, windowMs: MINUTE },
  /** What else a person's sockets ask for. */
  command: { per: 'user', max: 1_200, windowMs: MINUTE },
  unknownRoute: { per: 'address', max: 300, windowMs: MINUTE },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;
export type Limits = Readonly<Record<LimitName, Limit>>;

const isName = (name: string): name is LimitName => Object.hasOwn(LIMITS, name);

/** What `send=60/10s` says; null for a text that says nothing. */
export function parseLimit(text: string): { name: LimitName; max: number; windowMs: number } | null {
  const [, name = '', max, count, unit] = /^(\w+)=([1-9]\d{0,5})\/([1-9]\d{0,3})([smh])$/.exec(text) ?? [];
  if (!isName(name)) return null;
  return { name, max: Number(max), windowMs: Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS] };
}

/** The table with these in the place of the built-in ones; of several for one name the last holds. */
export function limitsWith(overrides: readonly string[]): Limits {
  const limits: Record<LimitName, Limit> = { ...LIMITS };
  for (const text of overrides) {
    const parsed = parseLimit(text);
    if (!parsed) throw new Error(`not a limit: ${text}`);
    const { name, max, windowMs } = parsed;
    limits[name] = { per: LIMITS[name].per, max, windowMs };
  }
  return limits;
}

/** The built-in table as an operator would write it. */
export const limitsText = (): string =>
  Object.entries(LIMITS)
    .map(([name, { max, windowMs }]) => `${name}=${max}/${windowMs / MINUTE}m`)
    .join(' ');
