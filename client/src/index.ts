export type { Auth, OwnProfile } from './accounts.ts';
export type { Chats, Members } from './chats.ts';
export type * from './contract.ts';
export type { ParleyEvents } from './emitter.ts';
export type { Files } from './files.ts';
export type { Messages } from './messages.ts';
export type { Draft } from './outbox.ts';
export { Parley, type ParleyOptions, type ParleyStore } from './parley.ts';
export { ParleyError, type ParleyErrorCode, type ProblemFields } from './parley-error.ts';
export type { People, Presence as PresenceApi, Typing } from './people.ts';
export type { Page } from './replica.ts';
export {
  chatList,
  isOutgoing,
  lineKey,
  linesOf,
  presenceOf,
  readersOf,
  typingIn,
  unreadTotal,
} from './selectors.ts';
export type * from './state.ts';
export { browserStorage, memoryStorage, type ParleyStorage } from './storage.ts';
export type { GetToken } from './tokens.ts';
