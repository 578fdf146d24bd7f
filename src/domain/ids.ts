/** Ids are opaque strings to everyone but the port that makes them. Nothing is ever ordered by id. */
export type UserId = string;
export type SessionId = string;
export type ChatId = string;
export type MessageId = string;
export type AttachmentId = string;
/** Of a stored file, whatever it is for. */
export type BlobId = string;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;
