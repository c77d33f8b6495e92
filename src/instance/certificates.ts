import { createPrivateKey, X509Certificate } from 'node:crypto';
import { access, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Secret } from '../kube/objects.ts';
import { replaceFile } from '../util/files.ts';
import { secretValue } from './cluster/secret-source.ts';

/** The Secrets that TLS needs, by name. */
export interface CertificateSecrets {
  /** Holds the authority of the servers in ca.crt. */
  readonly serverTrust: string;
  readonly server: string;
  /** Holds the authority of the clients in ca.crt. */
  readonly clientTrust: string;
  readonly replication: string;
}

export interface CertificateResult {
  /** All files are in place and usable. */
  readonly complete: boolean;
  readonly changed: boolean;
  /** What is wrong, each naming the Secret. */
  readonly problems: readonly string[];
}

type Find = (name: string) => Secret | undefined | 'unknown';

/** Throws unless key and certificate belong together. */
export function checkPair(certificate: string, key: string): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the key does not belong to the certificate');
  }
}

/** Undefined while nobody could tell. */
function value(find: Find, name: string, key: string): string | undefined {
  const secret = find(name);
  if (secret === 'unknown') return undefined;
  const text = secretValue(secret, key);
  if (text === undefined) throw new Error(secret ? `has no key "${key}"` : 'does not exist');
  return text;
}

interface Piece {
  readonly secret: string;
  read(): readonly (readonly [file: string, content: string])[] | undefined;
}

function pieces(find: Find, names: CertificateSecrets): Piece[] {
  const authority = (secret: string, file: string): Piece => ({
    secret,
    read() {
      const text = value(find, secret, 'ca.crt');
      if (text === undefined) return undefined;
      new X509Certificate(text);
      return [[file, text]];
    },
  });
  const pair = (secret: string, name: string): Piece => ({
    secret,
    read() {
      const [certificate, key] = [value(find, secret, 'tls.crt'), value(find, secret, 'tls.key')];
      if (certificate === undefined || key === undefined) return undefined;
      checkPair(certificate, key);
      return [
        [`${name}.key`, key],
        [`${name}.crt`, certificate],
      ];
    },
  });
  return [
    authority(names.serverTrust, 'server-ca.crt'),
    authority(names.clientTrust, 'client-ca.crt'),
    pair(names.server, 'server'),
    pair(names.replication, 'streaming_replica'),
  ];
}

const files = [
  'server-ca.crt',
  'client-ca.crt',
  'server.crt',
  'server.key',
  'streaming_replica.crt',
  'streaming_replica.key',
];

/** The kernel's times have a tick of some milliseconds: what was changed just now may be changed again without another time. */
const settledMs = 2000;

/** What the files are, by inode, size and times; undefined where one is missing, or was changed so lately that it cannot be told. */
async function stampsOf(directory: string): Promise<string | undefined> {
  try {
    const found = await Promise.all(files.map((file) => stat(path.join(directory, file), { bigint: true })));
    const settled = found.every(({ ctimeMs }) => Date.now() - Number(ctimeMs) > settledMs);
    return settled
      ? found.map(({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join()).join(' ')
      : undefined;
  } catch {
    return undefined;
  }
}

/** What was in order when it was looked at last. */
export interface CertificateMemory {
  good?: { readonly secrets: readonly ReturnType<Find>[]; readonly stamps: string } | undefined;
}

/**
 * Writes what the Secrets hold to the certificates' directory. A Secret that is unusable leaves the files of before in place. With
 * `memory`, the same Secrets and untouched files are not looked into again: a manager asks every second.
 */
export async function writeCertificates(
  directory: string,
  find: Find,
  names: CertificateSecrets,
  memory: CertificateMemory = {},
): Promise<CertificateResult> {
  const secrets = [names.serverTrust, names.clientTrust, names.server, names.replication].map(find);
  const stamps = await stampsOf(directory);
  const { good } = memory;
  if (good && good.stamps === stamps && good.secrets.every((secret, index) => secret === secrets[index])) {
    return { complete: true, changed: false, problems: [] };
  }
  const result = await writeAnew(directory, find, names);
  const inOrder = result.complete && !result.changed && result.problems.length === 0;
  memory.good = inOrder && stamps !== undefined ? { secrets, stamps } : undefined;
  return result;
}

async function writeAnew(directory: string, find: Find, names: CertificateSecrets): Promise<CertificateResult> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const problems: string[] = [];
  let changed = false;
  for (const piece of pieces(find, names)) {
    try {
      const contents = piece.read();
      if (contents === undefined) continue;
      for (const [file, content] of contents) {
        if (await replaceFile(path.join(directory, file), content)) changed = true;
      }
    } catch (error) {
      problems.push(`Secret "${piece.secret}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const present = await Promise.all(
    files.map((file) =>
      access(path.join(directory, file)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return { complete: present.every(Boolean), changed, problems };
}
