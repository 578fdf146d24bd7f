/**
 * Nobody else has it, and it grows with time, as a UUID of version 7 does (RFC 9562 5.7): so the server's index of what was sent grows
 * at its end, where random ids would each rewrite a page of their own. By hand, because a page over plain HTTP, as in a local
 * network, has no `crypto.randomUUID`.
 */
export function timeOrderedId(): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, '0'));
  return Date.now().toString(16).padStart(12, '0') + random.join('');
}
