import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { mount } from '../paths.ts';

/** Where an API server is and who one is there. PEM texts, not paths. */
export interface KubeConnection {
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: () => string | Promise<string>;
  readonly namespace?: string;
  /** Only as a kubeconfig says so (insecure-skip-tls-verify). */
  readonly insecure?: boolean;
  /** The name to verify instead of the server's host (tls-server-name). */
  readonly serverName?: string;
}

/** Projected tokens are renewed by the kubelet long before they end; a minute late is early enough. */
const tokenAgeMs = 60_000;

/** The token of a file that is rewritten from time to time. */
export function tokenFromFile(file: string, now: () => number = () => performance.now()): () => Promise<string> {
  let cached: { token: string; readAt: number } | undefined;
  return async () => {
    if (cached === undefined || now() - cached.readAt > tokenAgeMs) {
      cached = { token: (await readFile(file, 'utf8')).trim(), readAt: now() };
    }
    return cached.token;
  };
}

/** The service account of the pod this runs in. `root` as in paths.ts. */
export function inClusterConnection(
  root: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): KubeConnection {
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (host === undefined || host === '') {
    throw new Error('Not inside a Kubernetes pod: KUBERNETES_SERVICE_HOST is not set');
  }
  const directory = root + mount.serviceAccount;
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`,
    ca: readFileSync(`${directory}/ca.crt`, 'utf8'),
    token: tokenFromFile(`${directory}/token`),
    namespace: readFileSync(`${directory}/namespace`, 'utf8').trim(),
  };
}
