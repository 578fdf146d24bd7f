import { PASSWORD } from './app.ts';

/** The header of HTTP Basic (RFC 7617). */
export const basic = (login: string, password: string = PASSWORD): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`,
});
