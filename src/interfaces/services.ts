import type { AuthService } from '../application/auth-service.ts';
import type { ChatService } from '../application/chat-service.ts';
import type { MessageService } from '../application/message-service.ts';
import type { EventBus } from '../application/ports/realtime.ts';
import type { ProfileService } from '../application/profile-service.ts';
import type { UserDirectory } from '../application/user-directory.ts';

/** The use cases that both transports drive, and what they listen to. */
export interface Services {
  readonly auth: AuthService;
  readonly profiles: ProfileService;
  readonly chats: ChatService;
  readonly messages: MessageService;
  readonly directory: UserDirectory;
  readonly bus: EventBus;
  /** The store's epoch: what a client's numbers are worth. */
  readonly epoch: string;
}
