import type { Migration } from '../migrations.ts';

/**
 * Chats have a number of their own, and a row that belongs to one is found by `number << 32 | seq` (or `| rev`): so what
 * belongs to a chat lies together in the file, in its order, and is unique by its primary key. A commit's changes are JSON:
 * see change-list.ts. `read_seq`, `read_n` and `muted_until` of a member are not of the log; no image
 * overwrites them.
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
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
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
  suspended_at INTEGER,
  avatar_id TEXT,
  password_hash TEXT NOT NULL,
  name_key TEXT NOT NULL,
  listed_name TEXT NOT NULL,
  last_seen_at INTEGER,
  deleted_at INTEGER,
  deletion TEXT
) STRICT;
CREATE UNIQUE INDEX users_id ON users (id);
CREATE UNIQUE INDEX users_username ON users (username_key);
CREATE UNIQUE INDEX users_email ON users (email_key);
CREATE INDEX users_admins ON users (suspended_at) WHERE role = 'admin';
CREATE INDEX users_created ON users (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX users_named ON users (username_key, id) WHERE deleted_at IS NULL;
CREATE INDEX users_listed ON users (listed_name, id) WHERE deleted_at IS NULL;
CREATE INDEX users_deletion ON users (deleted_at) WHERE deletion IS NOT NULL;
CREATE INDEX users_held_name ON users (deleted_at) WHERE deleted_at IS NOT NULL AND username_key <> id;
CREATE VIRTUAL TABLE user_grams USING fts5(
  grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

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

CREATE TABLE one_time_codes (
  digest TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  user_id TEXT,
  role TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_codes_user ON one_time_codes (user_id);
CREATE INDEX one_time_codes_expiry ON one_time_codes (expires_at);

CREATE TABLE mail_queue (
  id TEXT PRIMARY KEY,
  letter TEXT NOT NULL,
  queued_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_queue_due ON mail_queue (due_at);

CREATE TABLE files (
  id TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL,
  state TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  width INTEGER,
  height INTEGER,
  created_at INTEGER NOT NULL,
  check_at INTEGER NOT NULL,
  uses TEXT NOT NULL
) STRICT;
CREATE INDEX files_owner ON files (owner_id);
CREATE INDEX files_unsent ON files (owner_id) WHERE uses = '[]';
CREATE INDEX files_check ON files (check_at);

CREATE TABLE chats (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pair_low TEXT,
  pair_high TEXT,
  live INTEGER NOT NULL,
  name TEXT,
  description TEXT,
  avatar_id TEXT,
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
  purged_rev INTEGER NOT NULL DEFAULT 0,
  list_key TEXT
) STRICT;
CREATE UNIQUE INDEX chats_id ON chats (id);
CREATE UNIQUE INDEX chats_list ON chats (list_key) WHERE list_key IS NOT NULL;
CREATE INDEX chats_to_purge ON chats (number) WHERE purged_rev < floor_rev;

CREATE TABLE members (
  chat INTEGER NOT NULL REFERENCES chats (number),
  user_id TEXT NOT NULL,
  role TEXT NOT NULL,
  active INTEGER NOT NULL,
  banned INTEGER NOT NULL,
  joined_at INTEGER NOT NULL,
  joined_seq INTEGER NOT NULL,
  joined_n INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  read_seq INTEGER NOT NULL DEFAULT 0,
  read_n INTEGER NOT NULL DEFAULT 0,
  muted_until INTEGER,
  PRIMARY KEY (chat, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id) WHERE active = 1;
CREATE INDEX members_gone ON members (user_id) WHERE active = 0;

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
  attachments TEXT,
  earlier TEXT,
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
