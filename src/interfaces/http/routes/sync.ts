import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { headsAfter, type KnownState } from '../../../application/catch-up.ts';
import { SyncBody, SyncResult } from '../../contract/frames.ts';
import { knownState, presentHead } from '../../known-state.ts';
import { peopleInMissed, presentMissed } from '../../present.ts';
import type { Services } from '../../services.ts';
import type { LongPolls } from '../../ws/long-polls.ts';

const EVENTS_PER_ANSWER = 250;
/** As much as the first frame of a socket, which says the same. */
const BODY_LIMIT = 256 * 1024;

/** What a socket's resume does, for whoever has no socket: bots, and networks that cut them. */
export const syncRoutes =
  ({ catchUp, directory, auth, epoch }: Services, polls: LongPolls): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/sync',
      {
        bodyLimit: BODY_LIMIT,
        schema: {
          operationId: 'sync',
          summary: 'What I have missed; waits for it, if asked to',
          tags: ['chats'],
          body: SyncBody,
          response: { 200: SyncResult },
        },
        config: { limits: ['sync'] },
      },
      async ({ actor, body }, reply): Promise<SyncResult> => {
        const { userId } = actor;
        const { wait = 0 } = body;
        const known = body.epoch === epoch ? knownState(body) : NOTHING;
        const look = () => catchUp.plan(userId, known);
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const waiting = { waitMs: wait * 1_000, signal: gone.signal };
        const plan =
          wait === 0 ? await look() : await polls.until(actor, waiting, look, ({ steps }) => steps.length > 0);
        if (wait > 0) await auth.authenticate(actor); // the session may have ended meanwhile
        const missed = await catchUp.read(userId, plan.steps.slice(0, EVENTS_PER_ANSWER));
        const people = await directory.lookUpFor(userId, missed.flatMap(peopleInMissed));
        const heads = [...headsAfter(plan, known, EVENTS_PER_ANSWER)];
        return {
          ...{ epoch, me: plan.me, events: missed.map((one) => presentMissed(one, people)) },
          chats: Object.fromEntries(heads.map(([chatId, head]) => [chatId, presentHead(head)])),
          more: plan.steps.length > EVENTS_PER_ANSWER,
        };
      },
    );
  };

const NOTHING: KnownState = { me: null, chats: new Map() };
