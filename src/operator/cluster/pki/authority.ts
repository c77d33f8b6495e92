import type { Secret } from '../../../kube/objects.ts';
import { createAuthority, type KeyPair } from '../../../pki/x509.ts';
import { secretText } from '../../../resources/secrets.ts';
import { bundle, expiresWithin, expiry, toPem } from './certificate.ts';

export interface Authority {
  /** Every certificate to trust: the one that signs now first, then those it follows, until they expire. */
  readonly trusted: string;
  /** Undefined when somebody else keeps the key: then nothing can be issued. */
  readonly signer: KeyPair | undefined;
}

export function readAuthority(secret: Secret | undefined): Authority | undefined {
  const [signing] = bundle(secretText(secret, 'ca.crt'));
  if (signing === undefined) return undefined;
  const key = secretText(secret, 'ca.key');
  return {
    trusted: secretText(secret, 'ca.crt') ?? '',
    signer: key === undefined || key === '' ? undefined : { certificate: toPem([signing]), key },
  };
}

/**
 * A new authority long before the old one ends. Both are trusted meanwhile: certificates of the new one are issued only at their own
 * renewal, by when everybody has loaded the longer bundle.
 */
export async function renewedAuthority(
  before: Authority,
  { name, days, thresholdDays, now }: { name: string; days: number; thresholdDays: number; now: Date },
): Promise<KeyPair | undefined> {
  const trusted = bundle(before.trusted);
  const [signing] = trusted;
  if (before.signer === undefined || signing === undefined || !expiresWithin(signing, 2 * thresholdDays, now)) {
    return undefined;
  }
  const fresh = await createAuthority(name, days, now);
  const stillValid = trusted.filter((certificate) => expiry(certificate) > now);
  return { certificate: toPem([...bundle(fresh.certificate), ...stillValid]), key: fresh.key };
}
