import { beforeAll, expect, test } from '@jest/globals';
import { type KeyPair, createAuthority, issueCertificate } from '../../../pki/x509.ts';
import { type PairDemand, pairProblem } from './given-pair.ts';

const now = new Date();
let company: KeyPair;
let stranger: KeyPair;

beforeAll(async () => {
  [company, stranger] = await Promise.all([createAuthority('company', 1, now), createAuthority('stranger', 1, now)]);
});

const issue = (authority: KeyPair, name = 'pg-rw'): Promise<KeyPair> =>
  issueCertificate(authority, { commonName: name, dnsNames: [name], usages: ['server'], days: 1, now });
const demand = (more: Partial<PairDemand> = {}): PairDemand => ({
  authority: { trusted: company.certificate, signer: undefined },
  ...more,
});

test('a pair of the authority with the wanted names will do', async () => {
  const { certificate, key } = await issue(company);
  expect(pairProblem(certificate, key, demand({ dnsName: 'pg-rw', commonName: 'pg-rw' }))).toBeUndefined();
});

test('each thing that is wrong is named', async () => {
  const [pair, other, foreign] = await Promise.all([issue(company), issue(company), issue(stranger)]);
  const { certificate, key } = pair;
  expect(pairProblem('nonsense', key, demand())).toBe('tls.crt is no certificate');
  expect(pairProblem(certificate, 'nonsense', demand())).toBe('tls.key is no private key in PEM');
  expect(pairProblem(certificate, other.key, demand())).toBe('tls.key does not belong to tls.crt');
  expect(pairProblem(foreign.certificate, foreign.key, demand())).toMatch(/not signed by the authority/);
  expect(pairProblem(certificate, key, demand({ dnsName: 'db-rw' }))).toBe('tls.crt is for pg-rw, not for db-rw');
  expect(pairProblem(certificate, key, demand({ commonName: 'streaming_replica' }))).toBe(
    'the common name of tls.crt is pg-rw, not streaming_replica',
  );
});
