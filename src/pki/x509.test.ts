import { X509Certificate, createPrivateKey } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createAuthority, issueCertificate } from './x509.ts';

const now = new Date('2026-01-01T00:00:00Z');

test('a leaf is verified by its authority, names its hosts and fits its key', async () => {
  const authority = await createAuthority('test-ca', 90, now);
  const leaf = await issueCertificate(authority, {
    commonName: 'server, "quoted"',
    organizations: ['system:masters'],
    dnsNames: ['cluster-rw', 'cluster-rw.default.svc'],
    ipAddresses: ['127.0.0.1'],
    usages: ['server', 'client'],
    days: 30,
    now,
  });
  const certificate = new X509Certificate(leaf.certificate);
  expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(leaf.key))).toBe(true);
  expect(certificate.checkHost('cluster-rw.default.svc')).toBe('cluster-rw.default.svc');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.ca).toBe(false);
  expect(certificate.subject).toContain('O=system:masters');
  expect(new Date(certificate.validTo)).toEqual(new Date('2026-01-31T00:00:00Z'));
});

test('a leaf of another authority of the same name is refused', async () => {
  const [mine, theirs] = await Promise.all([createAuthority('ca', 1, now), createAuthority('ca', 1, now)]);
  const leaf = await issueCertificate(theirs, { commonName: 'x', usages: ['client'], days: 1, now });
  expect(new X509Certificate(leaf.certificate).verify(new X509Certificate(mine.certificate).publicKey)).toBe(false);
});
