import type { Migration } from '../migrations.ts';

/**
 * Chats have a number of their own, and a row that belongs to one is found by `number << 32 | seq` (or `| rev`): so what
 * belongs to a chat lies together in the file, in its order, and is unique by its primary key. A commit's changes are JSON:
 * see change-list.ts. `read_seq` and `read_n` of a member are not of the log; no image overwrites them.
 */
export const firstSchema: Migration = {
  number: 1,
  name: 'first schema',
  sql: `
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  username TEXT NOT NULL,
  username_key TEXT NOT NULL,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  display_name TEXT,
  bio TEXT,
  location TEXT,
  birth_date TEXT,
  is_private INTEGER NOT NULL,
  public_fields TEXT NOT NULL,
  show_presence INTEGER NOT NULL,
  role TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  password_hash TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_username ON users (username_key);
CREATE UNIQUE INDEX users_email ON users (email_key);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  device TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  family TEXT NOT NULL,
  token TEXT NOT NULL,
  ended INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX sessions_family ON sessions (family);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE tickets (
  digest TEXT PRIMARY KEY,
  session_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_expiry ON tickets (expires_at);

CREATE TABLE chats (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pair_low TEXT,
  pair_high TEXT,
  live INTEGER NOT NULL,
  name TEXT,
  description TEXT,
  member_count INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  active_at INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  floor_rev INTEGER NOT NULL,
  floor_seq INTEGER NOT NULL,
  floor_n INTEGER NOT NULL,
  purged_seq INTEGER NOT NULL DEFAULT 0,
  purged_rev INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX chats_id ON chats (id);
CREATE INDEX chats_to_purge ON chats (number) WHERE purged_rev < floor_rev;

CREATE TABLE members (
  chat INTEGER NOT NULL REFERENCES chats (number),
  user_id TEXT NOT NULL,
  role TEXT NOT NULL,
  active INTEGER NOT NULL,
  joined_at INTEGER NOT NULL,
  joined_seq INTEGER NOT NULL,
  joined_n INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  read_seq INTEGER NOT NULL DEFAULT 0,
  read_n INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (chat, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id) WHERE active = 1;

CREATE TABLE messages (
  place INTEGER PRIMARY KEY,
  chat INTEGER NOT NULL AS (place >> 32) VIRTUAL,
  seq INTEGER NOT NULL AS (place & 4294967295) VIRTUAL,
  id TEXT NOT NULL,
  rev INTEGER NOT NULL,
  n INTEGER NOT NULL,
  is_system INTEGER NOT NULL,
  sender_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  digest TEXT,
  content TEXT,
  reply_id TEXT,
  reply_seq INTEGER,
  system TEXT,
  created_at INTEGER NOT NULL,
  edited_at INTEGER,
  deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX messages_id ON messages (id);
CREATE UNIQUE INDEX messages_send_key ON messages (client_id, sender_id, chat);
CREATE INDEX messages_deleted ON messages (place) WHERE is_system = 0 AND deleted_at IS NOT NULL;

CREATE TABLE own_lines (
  sender_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (sender_id, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE commits (
  place INTEGER PRIMARY KEY,
  last_rev INTEGER NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  changes TEXT NOT NULL
) STRICT;

CREATE TABLE unsettled (
  place INTEGER PRIMARY KEY REFERENCES commits (place),
  since INTEGER NOT NULL
) STRICT;
`,
};
