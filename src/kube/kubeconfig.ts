// Apart from connection.ts so that the instance manager does not load a YAML parser.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { tokenFromFile, type KubeConnection } from './connection.ts';

interface Named {
  name: string;
}
interface Kubeconfig {
  'current-context'?: string;
  contexts?: (Named & { context: { cluster: string; user: string; namespace?: string } })[];
  clusters?: (Named & { cluster: Record<string, string | boolean | undefined> })[];
  users?: (Named & { user: Record<string, string | undefined> })[];
}

const text = (value: string | boolean | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The context of a kubeconfig file. Certificates and tokens only: who needs exec plugins uses client-node's KubeConfig. */
export function kubeconfigConnection(file: string, contextName?: string): KubeConnection {
  const config = parse(readFileSync(file, 'utf8')) as Kubeconfig | null;
  const wanted = contextName ?? config?.['current-context'];
  const context = config?.contexts?.find((entry) => entry.name === wanted)?.context;
  const cluster = config?.clusters?.find((entry) => entry.name === context?.cluster)?.cluster;
  if (context === undefined || cluster === undefined) {
    throw new Error(`${file}: no context "${wanted ?? ''}" with a cluster`);
  }
  const user = config?.users?.find((entry) => entry.name === context.user)?.user ?? {};
  const pem = (from: Record<string, string | boolean | undefined>, name: string): string | undefined => {
    const data = text(from[`${name}-data`]);
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    const path = text(from[name]);
    return path === undefined ? undefined : readFileSync(resolve(dirname(file), path), 'utf8');
  };
  const server = text(cluster['server']);
  if (server === undefined) throw new Error(`${file}: cluster "${context.cluster}" has no server`);
  const ca = pem(cluster, 'certificate-authority');
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  const token = text(user['token']);
  const tokenFile = text(user['tokenFile']);
  const serverName = text(cluster['tls-server-name']);
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token: () => token }),
    ...(tokenFile === undefined ? {} : { token: tokenFromFile(resolve(dirname(file), tokenFile)) }),
    ...(context.namespace === undefined ? {} : { namespace: context.namespace }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecure: true } : {}),
  };
}
