import type { Migration } from '../migrations.ts';

/** What one person is a member of lies far apart, so the index holds all that the heads of his chats need. */
export const headsFromAnIndex: Migration = {
  number: 2,
  name: 'heads from an index',
  sql: `
DROP INDEX members_user;
CREATE INDEX members_user ON members (user_id, chat, joined_seq, read_seq, muted_until) WHERE active = 1;
`,
};
