import { randomUUID } from 'node:crypto';
import type { Draft } from '../../src/domain/message.ts';
import type { Session } from '../../src/domain/session.ts';
import type { User } from '../../src/domain/user.ts';

export const anId = (): string => randomUUID();

/** So many ids. */
export const ids = (count: number): string[] => Array.from({ length: count }, anId);

/** Some instant, the same in every run, to count from. */
export const NOON = Date.UTC(2026, 0, 15, 12);

/** A valid user whom nobody else is like. */
export function aUser(with_: Partial<User> = {}): User {
  const id = anId();
  return {
    id,
    username: `u${id.replaceAll('-', '').slice(0, 20)}`,
    email: `${id}@example.org`,
    displayName: null,
    bio: null,
    location: null,
    birthDate: null,
    isPrivate: false,
    publicFields: [],
    showPresence: true,
    role: 'user',
    version: 1,
    createdAt: NOON,
    updatedAt: NOON,
    suspendedAt: null,
    avatarId: null,
    ...with_,
  };
}

/** A session that began at noon and lives for an hour. */
export const aSession = (with_: Partial<Session> = {}): Session => ({
  id: anId(),
  userId: anId(),
  device: null,
  createdAt: NOON,
  lastUsedAt: NOON,
  expiresAt: NOON + 3_600_000,
  ...with_,
});

/** Something to send. The digest is not a real one: stores only keep it. */
export function aDraft(content: string, with_: Partial<Draft> = {}): Draft {
  const id = anId();
  return {
    id,
    clientId: id,
    content,
    digest: `digest of ${content.slice(0, 50)}`,
    replyTo: null,
    attachments: [],
    ...with_,
  };
}

export const drafts = (count: number, text = 'line'): Draft[] =>
  Array.from({ length: count }, (_, i) => aDraft(`${text} ${i + 1}`));
