import { readFile } from 'node:fs/promises';
import { createKubeClient } from '../../kube/client.ts';
import type { KubeApi } from '../../kube/port.ts';
import { type LocalConfig, apiUrl, places } from './config.ts';

/** A client of the platform's API server with one of the client certificates of pki/. */
export async function connect(
  config: LocalConfig,
  identity: 'admin' | 'controllers',
): Promise<KubeApi & AsyncDisposable> {
  const read = (name: string): Promise<string> => readFile(places(config).pkiFile(name), 'utf8');
  const [ca, cert, key] = await Promise.all([read('ca.crt'), read(`${identity}.crt`), read(`${identity}.key`)]);
  return createKubeClient({ server: apiUrl(config), ca, cert, key, namespace: 'default' });
}
