import type { Known } from './contract.ts';

/** What the client has, for the server to find what it lacks. */
export interface ResumePoint {
  readonly epoch: string;
  readonly me: number;
  readonly chats: Readonly<Record<string, Known>>;
}

/** What the server says about the link that begins. */
export interface Beginning {
  readonly userId: string;
  readonly me: number;
  readonly epoch: string;
  readonly resumed: boolean;
}
