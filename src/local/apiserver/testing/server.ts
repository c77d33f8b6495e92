import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createAuthority, issueCertificate } from '../../../pki/x509.ts';
import { startServer, type RunningServer, type ServerKeys } from '../server.ts';

/** How to reach the server as a cluster administrator (the shape of src/kube/connection.ts). */
export interface TestConnection {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly ca: string;
  readonly adminConnection: TestConnection;
  readonly keys: ServerKeys;
  /** Holds state.db; removed by `close`. */
  readonly directory: string;
  readonly running: RunningServer;
  /** A kubeconfig of the administrator. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

export interface TestServerOptions {
  readonly address?: string;
  readonly serviceNetwork?: string;
  readonly now?: () => Date;
}

export function kubeconfigOf(connection: TestConnection): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: connection.server, 'certificate-authority-data': base64(connection.ca) } },
    ],
    users: [
      {
        name: 'admin',
        user: { 'client-certificate-data': base64(connection.cert), 'client-key-data': base64(connection.key) },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

export interface TestKeys extends ServerKeys {
  readonly admin: { readonly cert: string; readonly key: string };
  readonly nodeClient: { readonly cert: string; readonly key: string };
  readonly authority: { readonly certificate: string; readonly key: string };
}

/** A whole new PKI for one server. */
export async function testKeys(address: string): Promise<TestKeys> {
  const now = new Date();
  const authority = await createAuthority('test-ca', 2, now);
  const [server, admin, node] = await Promise.all([
    issueCertificate(authority, {
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', 'kubernetes.default.svc'],
      ipAddresses: [...new Set([address, '127.0.0.1'])],
      usages: ['server'],
      days: 1,
      now,
    }),
    issueCertificate(authority, {
      commonName: 'admin',
      organizations: ['system:masters'],
      usages: ['client'],
      days: 1,
      now,
    }),
    issueCertificate(authority, {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['client'],
      days: 1,
      now,
    }),
  ]);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    authority,
    ca: authority.certificate,
    cert: server.certificate,
    key: server.key,
    admin: { cert: admin.certificate, key: admin.key },
    nodeClient: { cert: node.certificate, key: node.key },
    serviceAccountKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** A real API server for tests, on a free port, with state and keys of its own. */
export async function startApiServer(options: TestServerOptions = {}): Promise<TestServer> {
  const address = options.address ?? '127.0.0.1';
  const [directory, keys] = await Promise.all([mkdtemp(path.join(tmpdir(), 'howdah-api-')), testKeys(address)]);
  const running = await startServer({
    keys,
    address,
    port: 0,
    stateFile: path.join(directory, 'state.db'),
    serviceNetwork: options.serviceNetwork ?? '127.99.96',
    log: (level, message, fields) => {
      if (level === 'error') process.stderr.write(`${message} ${JSON.stringify(fields ?? {})}\n`);
    },
    ...(options.now && { now: options.now }),
  });
  const adminConnection = { server: running.url, ca: keys.ca, ...keys.admin };
  const close = async (): Promise<void> => {
    await running.close();
    await rm(directory, { recursive: true, force: true });
  };
  return {
    url: running.url,
    ca: keys.ca,
    adminConnection,
    keys,
    directory,
    running,
    kubeconfig: kubeconfigOf(adminConnection),
    close,
    [Symbol.asyncDispose]: close,
  };
}
