import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readWriteService, role } from '../../naming.ts';
import type { ServerAddress } from './connection.ts';

export interface LocalServer {
  readonly clusterName: string;
  /** Directory of the certificates that the manager keeps up to date. */
  readonly certificates: string;
  /** HOWDAH_BIND on the embedded engine. */
  readonly bind: string | undefined;
  readonly port: number;
}

/** Replication connections to the server beside us: by TLS as any replica, because pg_hba.conf allows no others. */
export async function localReplication({ clusterName, certificates, bind, port }: LocalServer): Promise<ServerAddress> {
  const read = (name: string): Promise<string> => readFile(path.join(certificates, name), 'utf8');
  const [ca, cert, key] = await Promise.all([
    read('server-ca.crt'),
    read('streaming_replica.crt'),
    read('streaming_replica.key'),
  ]);
  const ssl = { ca, cert, key, servername: readWriteService(clusterName) };
  return { host: bind ?? '127.0.0.1', port, user: role.replication, ssl };
}
