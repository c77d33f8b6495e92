import type { Secret } from '../../../kube/objects.ts';
import { issueCertificate, type LeafRequest } from '../../../pki/x509.ts';
import { secretText } from '../../../resources/secrets.ts';
import { bundle, dnsNames, expiresWithin, signedByOneOf } from './certificate.ts';
import type { Authority } from './authority.ts';
import { TerminalError } from '../../errors.ts';
import { eventReason } from '../phase-names.ts';

export interface LeafMaterial {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

/** Why a certificate must be issued anew, or undefined when it is good. */
export function renewalReason(
  secret: Secret | undefined,
  authority: Authority,
  { names, thresholdDays, now }: { names: readonly string[]; thresholdDays: number; now: Date },
): string | undefined {
  const [certificate] = bundle(secretText(secret, 'tls.crt'));
  if (certificate === undefined || secretText(secret, 'tls.key') === undefined) return 'there is none';
  if (expiresWithin(certificate, thresholdDays, now)) return 'it expires soon';
  const trusted = bundle(authority.trusted);
  const [signing] = trusted;
  const issuer = trusted.find((one) => signedByOneOf(certificate, [one]));
  if (issuer === undefined || signing === undefined) return 'its authority is not trusted any more';
  // It is worth nothing longer than who signed it. Where nobody renews that, such as for a user's, a new one would be no better.
  if (expiresWithin(issuer, thresholdDays, now) && !expiresWithin(signing, thresholdDays, now)) {
    return 'its authority expires soon';
  }
  const held = new Set(dnsNames(certificate));
  if (names.some((name) => !held.has(name))) return 'it lacks names';
  return undefined;
}

/** The material of a leaf Secret as it must be, or undefined when the Secret is good as it is. */
export async function renewedLeaf(
  secret: Secret | undefined,
  authority: Authority,
  request: LeafRequest & { thresholdDays: number },
): Promise<LeafMaterial | undefined> {
  const reason = renewalReason(secret, authority, { ...request, names: request.dnsNames ?? [] });
  if (reason === undefined) {
    if (secretText(secret, 'ca.crt') === authority.trusted) return undefined;
    const [certificate, key] = [secretText(secret, 'tls.crt') ?? '', secretText(secret, 'tls.key') ?? ''];
    return { certificate, key, authority: authority.trusted };
  }
  if (authority.signer === undefined) {
    throw new TerminalError(
      eventReason.invalidAuthority,
      `No certificate for ${request.commonName}: the CA Secret has no ca.key`,
    );
  }
  return { ...(await issueCertificate(authority.signer, request)), authority: authority.trusted };
}
