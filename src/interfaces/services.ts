import type { AccountDeletion } from '../application/account-deletion.ts';
import type { AdministrationService } from '../application/administration-service.ts';
import type { AttachmentService } from '../application/attachment-service.ts';
import type { AuthService } from '../application/auth-service.ts';
import type { AvatarService } from '../application/avatar-service.ts';
import type { BroadcastService } from '../application/broadcast-service.ts';
import type { CatchUp } from '../application/catch-up.ts';
import type { ChatService } from '../application/chat-service.ts';
import type { FileStorage } from '../application/file-storage.ts';
import type { GifSearch } from '../application/gif-search.ts';
import type { InvitationService } from '../application/invitation-service.ts';
import type { MessageFeed } from '../application/message-feed.ts';
import type { MessageService } from '../application/message-service.ts';
import type { MuteService } from '../application/mute-service.ts';
import type { PasswordResetService } from '../application/password-reset-service.ts';
import type { PeopleService } from '../application/people-service.ts';
import type { EventBus } from '../application/ports/realtime.ts';
import type { PresenceService } from '../application/presence-service.ts';
import type { ProfileService } from '../application/profile-service.ts';
import type { PublicRooms } from '../application/public-rooms.ts';
import type { TypingService } from '../application/typing-service.ts';
import type { UserDirectory } from '../application/user-directory.ts';

/** The use cases that both transports drive, and what they listen to. */
export interface Services {
  readonly auth: AuthService;
  readonly invitations: InvitationService;
  readonly administration: AdministrationService;
  readonly passwordResets: PasswordResetService;
  readonly profiles: ProfileService;
  readonly people: PeopleService;
  readonly presence: PresenceService;
  readonly deletion: AccountDeletion;
  readonly broadcasts: BroadcastService;
  readonly muting: MuteService;
  readonly typing: TypingService;
  readonly chats: ChatService;
  readonly rooms: PublicRooms;
  readonly messages: MessageService;
  readonly feed: MessageFeed;
  readonly catchUp: CatchUp;
  readonly attachments: AttachmentService;
  readonly gifs: GifSearch;
  readonly avatars: AvatarService;
  readonly storage: FileStorage;
  readonly directory: UserDirectory;
  readonly bus: EventBus;
  /** The store's epoch: what a client's numbers are worth. */
  readonly epoch: string;
}
