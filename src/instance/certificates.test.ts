import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Secret } from '../kube/objects.ts';
import { createAuthority, issueCertificate } from '../pki/x509.ts';
import { type CertificateMemory, writeCertificates } from './certificates.ts';
import { eventually } from './testing.ts';

const names = { serverTrust: 'trust', clientTrust: 'trust', server: 'server', replication: 'replication' };
const encoded = (text: string): string => Buffer.from(text).toString('base64');
let directory: string;
let secrets: Record<string, Secret>;
let looks = 0;

beforeAll(async () => {
  directory = path.join(await mkdtemp(path.join(os.tmpdir(), 'certificates-')), 'made');
  const now = new Date();
  const authority = await createAuthority('ca', 1, now);
  const pair = async (commonName: string): Promise<Secret> => {
    const { certificate, key } = await issueCertificate(authority, { commonName, usages: ['client'], days: 1, now });
    return { metadata: { name: commonName }, data: { 'tls.crt': encoded(certificate), 'tls.key': encoded(key) } };
  };
  secrets = {
    trust: { metadata: { name: 'trust' }, data: { 'ca.crt': encoded(authority.certificate) } },
    server: await pair('server'),
    replication: await pair('replication'),
  };
  for (const secret of Object.values(secrets)) {
    const { data } = secret;
    Object.defineProperty(secret, 'data', { get: () => ((looks += 1), data) });
  }
});
afterAll(() => rm(path.dirname(directory), { recursive: true, force: true }));

const find = (name: string): Secret | undefined => secrets[name];
const memory: CertificateMemory = {};
const write = () => writeCertificates(directory, find, names, memory);
/** Until nothing is looked into any more. */
const settle = () =>
  eventually(async () => {
    const before = looks;
    expect(await write()).toEqual({ complete: true, changed: false, problems: [] });
    return looks === before;
  });

test('what the Secrets hold is written once, and then neither they nor the files are looked into', async () => {
  expect(await write()).toEqual({ complete: true, changed: true, problems: [] });
  expect(await readFile(path.join(directory, 'server.key'), 'utf8')).toContain('PRIVATE KEY');
  expect(memory.good).toBeUndefined();
  await settle();
});

test('a file that somebody changed or took away is written again, whatever its times say', async () => {
  const file = path.join(directory, 'server.crt');
  const [before, { atime, mtime }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
  await writeFile(file, before.toLowerCase());
  await utimes(file, atime, mtime);
  expect(await write()).toMatchObject({ changed: true });
  expect(await readFile(file, 'utf8')).toBe(before);
  await settle();
  await rm(file);
  expect(await write()).toMatchObject({ complete: true, changed: true });
});

test('another Secret is looked into, also one that is of no use', async () => {
  await settle();
  secrets['server'] = { metadata: { name: 'server' }, data: {} };
  expect((await write()).problems).toEqual(['Secret "server": has no key "tls.crt"']);
  expect((await write()).problems).toHaveLength(1);
});
