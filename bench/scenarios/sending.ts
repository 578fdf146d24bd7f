/** The work of the send scenarios. */
import type { Server } from '../child.ts';
import type { LoadResult } from '../load/meter.ts';
import type { SendingMember, SendPlan } from '../load/send.ts';
import type { Load } from '../load.ts';
import { type Options, windowOf } from './options.ts';

export const SOCKETS = 100;
export const ROOM_SIZE = 10;
export const PER_SECOND = 2_000;
export const CONTENT =
  'Shall we meet at the station at half past eight? I bring the tickets and the sandwiches for all of us.';

export type Pace = SendPlan['pace'];

export function sendTo(
  load: Load,
  { port, pid }: Server,
  members: readonly SendingMember[],
  pace: Pace,
  options: Options,
): Promise<LoadResult> {
  const window = { port, pid, ...windowOf(options) };
  return load.run({ ...window, kind: 'send', members, roomSize: ROOM_SIZE, content: CONTENT, pace });
}

export const describeSending = ({ seconds, rounds, inFlight }: Options): string =>
  `${SOCKETS} sockets of as many people, ${inFlight} sends of each in flight, rooms of ${ROOM_SIZE}, ` +
  `${CONTENT.length} characters; every send is acknowledged and delivered to all ${ROOM_SIZE}. ` +
  `${rounds} rounds in turn, ${seconds} s each: median (least–most).`;
