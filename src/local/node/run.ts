import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { KubeApi } from '../../kube/port.ts';
import { createKubeClient } from '../../kube/client.ts';
import {
  apiHost,
  apiUrl,
  loadConfig,
  nodeAddress,
  places,
  podNetwork,
  ports,
  type LocalConfig,
} from '../platform/config.ts';
import { LocalImages } from './local-images.ts';
import { installShim } from './container/shim.ts';
import type { Log, NodeContext } from './pod/context.ts';
import { PodEvents } from './pod/events.ts';
import { startKubelet } from './kubelet/server.ts';
import { AddressPool } from './pod/address.ts';
import { PodManager } from './pod/manager.ts';
import { nodeDirectory } from './model/records.ts';
import { nodeFacts, Registration } from './registration.ts';
import { apiClaimSource, apiDataSource, apiTokenIssuer } from './volumes/api-sources.ts';

export interface NodeOptions {
  readonly dataDir: string;
  readonly name: string;
  /** Ends the node; its containers go on and are taken up by the next start. */
  readonly signal: AbortSignal;
  /** Ends the node and, in good order, its containers; their Pod objects stay. */
  readonly stopContainers?: AbortSignal;
  readonly log: Log;
  /** Called once when the node serves. */
  readonly ready?: () => void;
}

export interface NodeParts {
  readonly root: string;
  readonly roots: string;
  readonly name: string;
  readonly address: string;
  readonly podNetwork: string;
  readonly kubeletPort: number;
  readonly api: KubeApi;
  readonly images: NodeContext['images'];
  readonly environment: Readonly<Record<string, string>>;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly user?: NodeContext['user'];
  readonly log: Log;
  readonly refreshMs?: number;
}

const usualRefreshMs = 10_000;

function findSetsid(): string {
  const found = ['/usr/bin/setsid', '/bin/setsid'].find(existsSync);
  // Without it (env runs a command just as well) a container's main process shares its shim's process group.
  return found ?? '/usr/bin/env';
}

async function nodeContext(parts: NodeParts): Promise<NodeContext> {
  for (const directory of [parts.root, path.join(parts.root, 'pods'), parts.roots]) {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
  }
  const directory = nodeDirectory(realpathSync(parts.root));
  await installShim(directory.shim);
  const { api, user, images, environment, log, name } = parts;
  return {
    facts: await nodeFacts(name, parts.address, directory.root),
    directory,
    api,
    images,
    mounter: {
      directory,
      sources: { data: apiDataSource(api), tokens: apiTokenIssuer(api) },
      claims: apiClaimSource(api, path.join(directory.root, 'volumes')),
      ...(user ? { user } : {}),
    },
    events: new PodEvents(api, name),
    addresses: new AddressPool(parts.podNetwork, directory.addresses),
    log,
    roots: parts.roots,
    setsid: findSetsid(),
    environment,
    ...(user ? { user } : {}),
    refreshMs: parts.refreshMs ?? usualRefreshMs,
    now: () => new Date(),
  };
}

/** A node on parts given, for `runNode` and for tests. */
export async function runNodeParts(
  parts: NodeParts,
  signal: AbortSignal,
  stopContainers?: AbortSignal,
  ready?: () => void,
): Promise<void> {
  const context = await nodeContext(parts);
  const ends = AbortSignal.any([signal, ...(stopContainers ? [stopContainers] : [])]);
  const pods = new PodManager(context);
  const kubelet = await startKubelet({
    address: parts.address,
    port: parts.kubeletPort,
    tls: parts.tls,
    pods,
    log: parts.log,
  });
  ready?.();
  try {
    const registration = new Registration(parts.api, context.facts, kubelet.port, parts.log);
    await Promise.all([pods.run(ends), registration.run(ends)]);
    await (stopContainers?.aborted === true ? pods.halt() : pods.release());
  } finally {
    await kubelet.close();
  }
}

async function readPki(config: LocalConfig, name: string): Promise<NodeParts['tls']> {
  const read = (file: string): Promise<string> => readFile(places(config).pkiFile(file), 'utf8');
  const [ca, cert, key] = await Promise.all([read('ca.crt'), read(`node-${name}.crt`), read(`node-${name}.key`)]);
  return { ca, cert, key };
}

/** The node `name` of a data directory: the kubelet's place. Resolves when a signal ended it. */
export async function runNode(options: NodeOptions): Promise<void> {
  const config = await loadConfig(options.dataDir);
  const { name, log } = options;
  const tls = await readPki(config, name);
  await using api = createKubeClient({ server: apiUrl(config), ...tls });
  const parts: NodeParts = {
    root: places(config).node(name),
    roots: config.shortDir,
    name,
    address: nodeAddress(config, name),
    podNetwork: podNetwork(config, name),
    kubeletPort: ports.kubelet,
    api,
    images: new LocalImages(config),
    environment: { KUBERNETES_SERVICE_HOST: apiHost(config), KUBERNETES_SERVICE_PORT: String(ports.api) },
    tls,
    ...(config.user ? { user: config.user } : {}),
    log,
  };
  await runNodeParts(parts, options.signal, options.stopContainers, options.ready);
}
