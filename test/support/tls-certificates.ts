import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions } from 'node:tls';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface TestCertificates {
  /** Path of the authority's certificate. */
  readonly authority: string;
  /** For localhost and 127.0.0.1. */
  readonly server: CertificateFiles;
  readonly client: CertificateFiles;
  /** As `server`, but of yesterday. */
  readonly expired: CertificateFiles;
  /** As `server`, but for another name. */
  readonly misnamed: CertificateFiles;
}

/** What a client says to a server of the same authority. */
export function clientOptions({ authority, client }: TestCertificates): ConnectionOptions {
  const [ca, cert, key] = [authority, client.certificate, client.key].map((path) => readFileSync(path));
  return { ca: ca!, cert: cert!, key: key! };
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority of its own in `directory`, and what it signs. @throws when openssl is not installed. */
export function makeCertificates(directory: string): TestCertificates {
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const authority = at('authority.crt');
  const authorityKey = at('authority.key');
  openssl(
    'req',
    '-x509',
    ...EC_KEY,
    '-keyout',
    authorityKey,
    '-out',
    authority,
    '-subj',
    '/CN=test authority',
  );

  const sign = (name: string, altNames: string, days: number): CertificateFiles => {
    const files = { certificate: at(`${name}.crt`), key: at(`${name}.key`) };
    const request = at(`${name}.csr`);
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${altNames}`];
    openssl('req', ...EC_KEY, '-keyout', files.key, '-out', request, ...subject);
    const signer = ['-CA', authority, '-CAkey', authorityKey, '-CAcreateserial', '-copy_extensions', 'copy'];
    openssl('x509', '-req', '-in', request, ...signer, '-days', String(days), '-out', files.certificate);
    return files;
  };
  const local = 'DNS:localhost,IP:127.0.0.1';
  return {
    authority,
    server: sign('server', local, 2),
    client: sign('client', 'DNS:client', 2),
    expired: sign('expired', local, -1),
    misnamed: sign('misnamed', 'DNS:elsewhere.example', 2),
  };
}
