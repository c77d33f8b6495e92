import { createHash } from 'node:crypto';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Rbac } from './auth/rbac.ts';
import { Tokens } from './auth/tokens.ts';
import { followDefinitions } from './crd/definitions.ts';
import { Programs } from './crd/programs.ts';
import { createServer, type Log } from './https-server.ts';
import { bootstrap } from './lifecycle/bootstrap.ts';
import { followDeletedDefinitions } from './lifecycle/definitions.ts';
import { GarbageCollector } from './lifecycle/garbage.ts';
import { followNamespaces } from './lifecycle/namespaces.ts';
import { Registry } from './kinds/registry.ts';
import { loadBuiltinSchemas } from './schema/builtin.ts';
import type { Services } from './call/services.ts';
import { Database } from './storage/database.ts';
import { Store } from './storage/store.ts';

/** Changes kept for watches that were interrupted. */
const keptChanges = 4000;

export interface ServerKeys {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly nodeClient?: { readonly cert: string; readonly key: string };
  /** PEM of the EC key that signs service account tokens. */
  readonly serviceAccountKey: string;
}

export interface ServerOptions {
  readonly keys: ServerKeys;
  readonly stateFile: string;
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** First three numbers of ClusterIPs. */
  readonly serviceNetwork: string;
  readonly log: Log;
  readonly now?: () => Date;
}

export interface RunningServer {
  readonly url: string;
  readonly address: string;
  readonly port: number;
  readonly services: Services;
  close(): Promise<void>;
}

async function listen(server: Server, options: ServerOptions): Promise<number> {
  const where = `${options.address}:${options.port}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program uses this address' : error.message;
      reject(new Error(`cannot listen on ${where}: ${why}`, { cause: error }));
    });
    server.listen(options.port, options.address, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Opens the state, listens, and answers. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { keys, log } = options;
  const store = new Store(new Database(path.resolve(options.stateFile)), keptChanges);
  const stop = new AbortController();
  const registry = new Registry(loadBuiltinSchemas());
  const now = options.now ?? (() => new Date());
  const advertised = { address: options.address, port: options.port };
  const services: Services = {
    store,
    registry,
    now,
    programs: new Programs(),
    advertised,
    rbac: new Rbac(store),
    tokens: new Tokens(keys.serviceAccountKey, store),
    serviceNetwork: options.serviceNetwork,
    caCertificate: keys.ca,
    nodeClient: keys.nodeClient,
    signal: stop.signal,
  };
  const server = createServer(services, keys, log);
  try {
    advertised.port = await listen(server, options);
  } catch (error) {
    await store.close();
    throw error;
  }
  followDefinitions(store, registry);
  await bootstrap(services);
  followNamespaces(services);
  followDeletedDefinitions(services);
  new GarbageCollector(services);
  const url = `https://${options.address}:${advertised.port}`;
  log('info', 'API server is ready', {
    url,
    authority: createHash('sha256').update(keys.ca).digest('hex').slice(0, 16),
  });
  return {
    url,
    address: options.address,
    port: advertised.port,
    services,
    async close() {
      stop.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      setTimeout(() => server.closeAllConnections(), 1000).unref();
      server.closeIdleConnections();
      await closed;
      await store.close();
    },
  };
}
