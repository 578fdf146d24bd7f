import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { PeopleQuery as Query } from '../../../application/people-service.ts';
import { ListQuery, PAGE_LIMIT, PeopleQuery, UserParams } from '../../contract/requests.ts';
import { Presence, page, User } from '../../contract/shapes.ts';
import { presentPresence, presentUser } from '../../present.ts';
import type { Services } from '../../services.ts';
import { relocate } from '../relocate.ts';

/** Finding people, and who of them is there. */
export const peopleRoutes =
  ({ people, presence }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/users',
      {
        schema: {
          operationId: 'listUsers',
          summary: 'People: all, by name or by part of it; newest first unless sorted otherwise',
          tags: ['users'],
          querystring: PeopleQuery,
          response: { 200: page(User) },
        },
      },
      async ({ actor, query }) => {
        const listed = people.list(actor, readQuery(query));
        const { items, nextCursor } = await relocate(listed, 'VALIDATION_FAILED', nameInQuery);
        return { items: items.map(({ user, viewer }) => presentUser(user, viewer)), nextCursor };
      },
    );

    app.get(
      '/users/:userId/presence',
      {
        schema: {
          operationId: 'getPresence',
          summary: 'Whether somebody is there, as far as I may know',
          tags: ['users'],
          params: UserParams,
          response: { 200: Presence },
        },
        config: { errors: ['USER_NOT_FOUND'] },
      },
      async ({ actor, params }) => presentPresence(await presence.get(actor, params.userId)),
    );

    app.get(
      '/presence',
      {
        schema: {
          operationId: 'listPresence',
          summary: 'Everybody who is there, as far as I may know',
          tags: ['users'],
          querystring: ListQuery,
          response: { 200: page(Presence) },
        },
      },
      async ({ actor, query }) => {
        const { items, nextCursor } = await presence.list(actor, { limit: PAGE_LIMIT, ...query });
        return { items: items.map(presentPresence), nextCursor };
      },
    );
  };

function readQuery(query: PeopleQuery): Query {
  const { 'username-like': usernameLike, 'displayName-like': displayNameLike, ids, excludeMe, online, ...rest } = query;
  return {
    ...{ ...rest, limit: rest.limit ?? PAGE_LIMIT, usernameLike, displayNameLike },
    ids: ids?.split(',').filter((id) => id !== ''),
    excludeMe: excludeMe === 'true',
    online: online === 'true',
  };
}

const nameInQuery = (path: string): string => path.replace(/Like$/, '-like');
