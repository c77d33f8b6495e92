import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { LocalConfig } from './config.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { ensurePki } from './pki.ts';

const made: string[] = [];
afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function aConfig(nodes: string[]): Promise<LocalConfig> {
  const dir = await mkdtemp(path.join(tmpdir(), 'pki-'));
  made.push(dir);
  const rest = { program: '', packages: '', postgres: {}, operator: false };
  return { version: 1, dir, podDir: dir, shortDir: dir, subnet: '127.99', nodes, ...rest };
}

const day = 86_400_000;
const now = new Date('2026-01-01T00:00:00Z');

test('all certificates are made once, with keys for the owner only', async () => {
  const config = await aConfig(['node-1', 'node-2']);
  const names = ['apiserver', 'admin', 'kubelet-client', 'controllers', 'node-node-1', 'node-node-2'];
  expect(await ensurePki(config, now)).toEqual(names);
  expect(await ensurePki(config, new Date(now.getTime() + 300 * day))).toEqual([]);
  const files = await readdir(path.join(config.dir, 'pki'));
  expect(files.sort()).toEqual(
    [...['ca', ...names].flatMap((name) => [`${name}.crt`, `${name}.key`]), 'sa.key', 'sa.pub'].sort(),
  );
  for (const file of files) expect((await stat(path.join(config.dir, 'pki', file))).mode & 0o077).toBe(0);
  const server = new X509Certificate(await readFile(path.join(config.dir, 'pki/apiserver.crt')));
  expect(
    server.checkIP('127.99.0.1') && server.checkIP('127.99.96.1') && server.checkHost('kubernetes.default.svc'),
  ).toBeTruthy();
  const node = new X509Certificate(await readFile(path.join(config.dir, 'pki/node-node-2.crt')));
  expect(node.subject).toBe('O=system:nodes\nCN=system:node:node-2');
  expect(node.checkIP('127.99.1.2')).toBe('127.99.1.2');
});

test('leaves that run out are renewed, a new node gets one, the authority stays', async () => {
  const config = await aConfig(['node-1']);
  await ensurePki(config, now);
  const authority = await readFile(path.join(config.dir, 'pki/ca.crt'), 'utf8');
  expect(await ensurePki({ ...config, nodes: ['node-1', 'node-2'] }, now)).toEqual(['node-node-2']);
  expect(await ensurePki(config, new Date(now.getTime() + 340 * day))).toContain('apiserver');
  expect(await readFile(path.join(config.dir, 'pki/ca.crt'), 'utf8')).toBe(authority);
});

test('the kubeconfig holds all it needs', async () => {
  const config = await aConfig(['node-1']);
  await ensurePki(config, now);
  const file = await writeKubeconfig(config);
  expect((await stat(file)).mode & 0o077).toBe(0);
  const document = parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  expect(document).toMatchObject({
    'current-context': 'howdah-local',
    clusters: [{ cluster: { server: 'https://127.99.0.1:6443' } }],
    contexts: [{ context: { namespace: 'default' } }],
  });
  const [user] = document['users'] as { user: Record<string, string> }[];
  const certificate = Buffer.from(user?.user['client-certificate-data'] ?? '', 'base64');
  expect(new X509Certificate(certificate).subject).toContain('O=system:masters');
});
