import type { SessionId, UserId } from '../domain/ids.ts';
import type { SessionRepository } from './ports/persistence.ts';
import type { BusEvent, EventBus } from './ports/realtime.ts';

type Ended = Extract<BusEvent, { type: 'sessions.ended' }>;

/** Ends every session of a person but `except`, and has all nodes close what these have open. */
export async function endSessions(
  sessions: SessionRepository,
  bus: EventBus,
  userId: UserId,
  except: SessionId | null = null,
  why: Pick<Ended, 'suspended'> = {},
): Promise<void> {
  tellEnded(bus, { userId, sessionIds: await sessions.endAll(userId, except), ...why });
}

/** Has all nodes close what these sessions have open. */
export function tellEnded(bus: EventBus, ended: Omit<Ended, 'type'>): void {
  if (ended.sessionIds.length > 0) bus.publish({ type: 'sessions.ended', ...ended });
}
