import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import path from 'node:path';
import type { Cluster } from '../api/generated/cluster.ts';
import { port, readWriteService } from '../naming.ts';
import { primaryAddress } from './cluster/wishes.ts';
import type { InstanceEnvironment } from './environment.ts';

const timeoutMs = 1500;

function get(ip: string, ca: string, servername: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: ip, port: port.status, path: '/pg/status', ca, servername, agent: false, signal, timeout: timeoutMs },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve(body));
        response.on('error', reject);
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer in time')));
    call.on('error', reject);
    call.end();
  });
}

/** Whether the primary that this instance is to succeed still says that it is one. Unreachable counts as gone. */
export async function predecessorServes(
  cluster: Cluster,
  environment: InstanceEnvironment,
  signal: AbortSignal,
): Promise<boolean> {
  const predecessor = primaryAddress(cluster);
  if (!predecessor || predecessor.instance === environment.podName) return false;
  try {
    const ca = await readFile(path.join(environment.paths.certificates, 'server-ca.crt'), 'utf8');
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const status = JSON.parse(await get(predecessor.ip, ca, readWriteService(environment.clusterName), limited)) as {
      isPrimary?: boolean;
    };
    return status.isPrimary === true;
  } catch {
    return false;
  }
}
