/** How often something may be done, and by whom it is counted. Generous: they stop machines, not people. */
export interface Limit {
  readonly per: 'address' | 'user' | 'login' | 'email';
  readonly max: number;
  readonly windowMs: number;
}

const MINUTE = 60_000;

/** The rate limits of this node. Addresses are counted as given by trusted proxies, IPv6 by its /64. */
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
  send: { per: 'user', max: 1_200, windowMs: MINUTE },
  join: { per: 'user', max: 120, windowMs: MINUTE },
  unknownRoute: { per: 'address', max: 300, windowMs: MINUTE },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;
