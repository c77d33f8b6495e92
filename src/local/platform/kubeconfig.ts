import { readFile, rename, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { type LocalConfig, apiUrl, places } from './config.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Writes the administrator's kubeconfig, with everything it needs inside. */
export async function writeKubeconfig(config: LocalConfig): Promise<string> {
  const at = places(config);
  const read = (name: string): Promise<string> => readFile(at.pkiFile(name), 'utf8');
  const [ca, certificate, key] = await Promise.all([read('ca.crt'), read('admin.crt'), read('admin.key')]);
  const name = 'howdah-local';
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: apiUrl(config), 'certificate-authority-data': base64(ca) } }],
    users: [{ name, user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
  await writeFile(`${at.kubeconfig}.new`, stringify(document), { mode: 0o600 });
  await rename(`${at.kubeconfig}.new`, at.kubeconfig);
  return at.kubeconfig;
}
