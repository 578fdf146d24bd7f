import type { HistoryQuery } from '../../application/message-service.ts';
import { validationFailed } from '../../domain/errors.ts';
import { PAGE_LIMIT, type HistoryQuery as WireQuery } from '../contract/requests.ts';
import { readTime } from './read-time.ts';

/** What a request asks of a history. @throws DomainError VALIDATION_FAILED */
export function readHistoryQuery(query: WireQuery): HistoryQuery {
  const { sort, order, senderId, content, 'content-like': contentLike, from, to, ...places } = query;
  if (sort !== undefined && order !== undefined) {
    throw validationFailed([{ path: '/sort', message: 'goes alone, not with order' }]);
  }
  return {
    ...places,
    limit: query.limit ?? PAGE_LIMIT,
    order: sort === undefined ? order : sort === 'createdAt' ? 'asc' : 'desc',
    from: from === undefined ? undefined : readTime('/from', from),
    to: to === undefined ? undefined : readTime('/to', to),
    filter: {
      ...(senderId !== undefined && { senderId }),
      ...(content !== undefined && { content }),
      ...(contentLike !== undefined && { contentLike }),
    },
  };
}
