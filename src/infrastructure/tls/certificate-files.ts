import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Where the PEM files of an HTTPS server are. */
export interface CertificateFiles {
  /** The certificate, and behind it those that lead to a known authority. */
  readonly cert: string;
  readonly key: string;
  /** Who must have signed the certificate of every client; without it clients need none. */
  readonly ca?: string | undefined;
}

/** What they hold, as node:tls takes it. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

/** @throws Error for a file that cannot be read or is none, and for a certificate and a key that do not belong together */
export function readCertificate({ cert, key, ca }: CertificateFiles): Certificate {
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  createSecureContext(pair);
  if (ca === undefined) return pair;
  const authority = readFileSync(ca);
  new X509Certificate(authority); // node:tls would take a file without any, and then refuse every client
  return { ...pair, ca: authority };
}
