import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate and its key, as PEM. */
export interface CertifiedKey {
  readonly cert: string;
  readonly key: string;
}

interface Issuer {
  readonly name: string;
  readonly privateKey: KeyObject;
}

/** A new authority, good for a day, and what it signs: certificates for 127.0.0.1 and `localhost`, of servers or clients. */
export function certificateAuthority(name: string): { cert: string; issue: (subject: string) => CertifiedKey } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name, privateKey };
  return {
    cert: certify(name, publicKey, issuer, true),
    issue: (subject) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      return { cert: certify(subject, pair.publicKey, issuer, false), key };
    },
  };
}

/** RFC 5280 4.1, in DER (ITU-T X.690). */
function certify(subject: string, publicKey: KeyObject, issuer: Issuer, isAuthority: boolean): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const [from, to] = [-1, 1].map((days) => time(new Date(Date.now() + days * 86_400_000))) as [Buffer, Buffer];
  const version3 = der(0xa0, integer(Buffer.of(2)));
  const serial = integer(Buffer.concat([Buffer.of(1), randomBytes(8)]));
  const extensions = isAuthority
    ? extension(BASIC_CONSTRAINTS, sequence(der(0x01, Buffer.of(0xff))))
    : extension(ALTERNATIVE_NAMES, sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1))));
  const body = sequence(
    ...[version3, serial, ECDSA_SHA256, nameOf(issuer.name), sequence(from, to), nameOf(subject), spki],
    der(0xa3, sequence(extensions)),
  );
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, issuer.privateKey));
  const lines =
    sequence(body, ECDSA_SHA256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** A tag, the length and the contents. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

const sequence = (...items: Buffer[]) => der(0x30, ...items);
const integer = (bytes: Buffer) => der(0x02, bytes);
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const time = (at: Date) => der(0x18, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, '')));
const extension = (id: Buffer, value: Buffer) => sequence(id, der(0x04, value));
const nameOf = (common: string) => sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(common)))));

const ECDSA_SHA256 = sequence(objectId('2a8648ce3d040302'));
const BASIC_CONSTRAINTS = objectId('551d13');
const ALTERNATIVE_NAMES = objectId('551d11');
