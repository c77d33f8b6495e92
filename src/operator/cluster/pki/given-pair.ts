import { createPrivateKey } from 'node:crypto';
import { bundle, dnsNames, signedByOneOf } from './certificate.ts';
import type { Authority } from './authority.ts';

export interface PairDemand {
  readonly authority: Authority;
  /** A name that managers and standbys verify every server by. */
  readonly dnsName?: string;
  /** The role that PostgreSQL maps a client's certificate to. */
  readonly commonName?: string;
}

const commonNameOf = (subject: string): string | undefined => /^CN=(.*)$/m.exec(subject)?.[1];

/** What is wrong with a certificate chain and key that a user brought; undefined when they will work. */
export function pairProblem(certificate: string, key: string, demand: PairDemand): string | undefined {
  const [leaf, ...intermediates] = bundle(certificate);
  if (leaf === undefined) return 'tls.crt is no certificate';
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return 'tls.key does not belong to tls.crt';
  } catch {
    return 'tls.key is no private key in PEM';
  }
  if (![leaf, ...intermediates].some((one) => signedByOneOf(one, bundle(demand.authority.trusted)))) {
    return 'tls.crt is not signed by the authority of the cluster';
  }
  if (demand.dnsName !== undefined && leaf.checkHost(demand.dnsName) === undefined) {
    return `tls.crt is for ${dnsNames(leaf).join(', ') || 'no DNS name'}, not for ${demand.dnsName}`;
  }
  const name = commonNameOf(leaf.subject);
  if (demand.commonName !== undefined && name !== demand.commonName) {
    return `the common name of tls.crt is ${name ?? 'missing'}, not ${demand.commonName}`;
  }
  return undefined;
}
