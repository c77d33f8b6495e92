import { X509Certificate } from 'node:crypto';

const begin = '-----BEGIN CERTIFICATE-----';

/** The certificates of a PEM bundle, in its order. What cannot be parsed is left out. */
export function bundle(pem: string | undefined): X509Certificate[] {
  return (pem ?? '')
    .split(begin)
    .slice(1)
    .flatMap((part) => {
      try {
        return [new X509Certificate(begin + part)];
      } catch {
        return [];
      }
    });
}

export const toPem = (certificates: readonly X509Certificate[]): string =>
  certificates.map((certificate) => certificate.toString().trim() + '\n').join('');

export const expiry = (certificate: X509Certificate): Date => new Date(certificate.validTo);

const dayMs = 86_400_000;
export const expiresWithin = (certificate: X509Certificate, days: number, now: Date): boolean =>
  expiry(certificate).getTime() - now.getTime() < days * dayMs;

export const signedByOneOf = (certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean =>
  authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));

/** The DNS names of a certificate. */
export const dnsNames = (certificate: X509Certificate): string[] =>
  (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice(4));

/** A time as status.certificates.expirations has it: Go's default format, which existing tools parse. */
export const goTime = (date: Date): string =>
  `${date.toISOString().slice(0, 10)} ${date.toISOString().slice(11, 19)} +0000 UTC`;
