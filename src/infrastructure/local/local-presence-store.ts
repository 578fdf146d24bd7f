import type { OnlineStatus, PresenceStore } from '../../application/ports/realtime.ts';
import type { UserId } from '../../domain/ids.ts';

/** The presence of a single process: what ends with it is forgotten with it. */
export class LocalPresenceStore implements PresenceStore {
  readonly #users = new Map<UserId, Map<string, OnlineStatus>>();

  async set(userId: UserId, connectionId: string, status: OnlineStatus | null): Promise<void> {
    const connections = this.#users.get(userId) ?? new Map<string, OnlineStatus>();
    if (status === null) connections.delete(connectionId);
    else connections.set(connectionId, status);
    if (connections.size > 0) this.#users.set(userId, connections);
    else this.#users.delete(userId);
  }

  async statuses(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, OnlineStatus>> {
    const found = new Map<UserId, OnlineStatus>();
    for (const userId of userIds) {
      const said = [...(this.#users.get(userId)?.values() ?? [])];
      if (said.length > 0) found.set(userId, said.includes('online') ? 'online' : 'away');
    }
    return found;
  }

  async connected(): Promise<UserId[]> {
    return [...this.#users.keys()];
  }

  async vanished(): Promise<UserId[]> {
    return [];
  }
}
