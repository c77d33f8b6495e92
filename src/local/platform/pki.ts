import { X509Certificate, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type KeyPair, type LeafRequest, createAuthority, issueCertificate } from '../../pki/x509.ts';
import { type LocalConfig, UserError, apiHost, kubernetesServiceIp, nodeAddress, places } from './config.ts';

const authorityDays = 3650;
const leafDays = 365;
/** Leaves with less left than this are made anew by the next `up`. */
const renewBefore = 30 * 86_400_000;

type Wanted = Omit<LeafRequest, 'days' | 'now'>;

/** The leaf certificates of a platform by file name (without extension). */
export function wantedCertificates(config: LocalConfig): Record<string, Wanted> {
  const admin = (commonName: string): Wanted => ({ commonName, organizations: ['system:masters'], usages: ['client'] });
  const nodes = config.nodes.map((node): [string, Wanted] => [
    `node-${node}`,
    {
      commonName: `system:node:${node}`,
      organizations: ['system:nodes'],
      dnsNames: [node],
      ipAddresses: [nodeAddress(config, node)],
      usages: ['server', 'client'],
    },
  ]);
  return {
    apiserver: {
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
      ipAddresses: [apiHost(config), kubernetesServiceIp(config), '127.0.0.1'],
      usages: ['server'],
    },
    admin: admin('kubernetes-admin'),
    'kubelet-client': admin('kube-apiserver-kubelet-client'),
    controllers: admin('howdah-local-controllers'),
    ...Object.fromEntries(nodes),
  };
}

async function writeSecret(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function readPair(directory: string, name: string): Promise<KeyPair | undefined> {
  const read = (extension: string): Promise<string | undefined> =>
    readFile(path.join(directory, `${name}.${extension}`), 'utf8').catch(() => undefined);
  const [certificate, key] = await Promise.all([read('crt'), read('key')]);
  return certificate !== undefined && key !== undefined ? { certificate, key } : undefined;
}

/** The key first: a certificate on disk always has its key. */
async function writePair(directory: string, name: string, pair: KeyPair): Promise<void> {
  await writeSecret(path.join(directory, `${name}.key`), pair.key);
  await writeSecret(path.join(directory, `${name}.crt`), pair.certificate);
}

/** Whether a leaf still serves: by this authority, of the same names, with its own key, and long enough. */
function stillGood(pair: KeyPair, authority: KeyPair, wanted: Wanted, now: Date): boolean {
  try {
    const leaf = new X509Certificate(pair.certificate);
    return (
      leaf.verify(new X509Certificate(authority.certificate).publicKey) &&
      leaf.checkPrivateKey(createPrivateKey(pair.key)) &&
      new Date(leaf.validTo).getTime() - now.getTime() > renewBefore &&
      (wanted.ipAddresses ?? []).every((address) => leaf.checkIP(address) !== undefined) &&
      (wanted.dnsNames ?? []).every((name) => leaf.checkHost(name) !== undefined)
    );
  } catch {
    return false;
  }
}

async function ensureAuthority(directory: string, now: Date): Promise<KeyPair> {
  const found = await readPair(directory, 'ca');
  if (found) {
    if (new Date(new X509Certificate(found.certificate).validTo) <= now) {
      throw new UserError(
        `the certificate authority ${path.join(directory, 'ca.crt')} has expired; "howdah local reset"`,
      );
    }
    return found;
  }
  const made = await createAuthority('howdah-local-ca', authorityDays, now);
  await writePair(directory, 'ca', made);
  return made;
}

async function ensureServiceAccountKey(directory: string): Promise<void> {
  const file = path.join(directory, 'sa.key');
  const found = await readFile(file, 'utf8').catch(() => undefined);
  const key =
    found ??
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (found === undefined) await writeSecret(file, key);
  const publicKey = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'pem' }).toString();
  await writeSecret(path.join(directory, 'sa.pub'), publicKey);
}

/** Makes what is missing below pki/ and renews what runs out; resolves to the names that are new. */
export async function ensurePki(config: LocalConfig, now: Date): Promise<string[]> {
  const directory = places(config).pki;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const authority = await ensureAuthority(directory, now);
  await ensureServiceAccountKey(directory);
  const made: string[] = [];
  for (const [name, wanted] of Object.entries(wantedCertificates(config))) {
    const found = await readPair(directory, name);
    if (found && stillGood(found, authority, wanted, now)) continue;
    await writePair(directory, name, await issueCertificate(authority, { ...wanted, days: leafDays, now }));
    made.push(name);
  }
  return made;
}
