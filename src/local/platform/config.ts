import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The layout of a data directory. A directory of another version is refused, never converted in passing. */
export const configVersion = 1;

/** What the first `howdah local up` of a data directory decides and every later one reuses. */
export interface LocalConfig {
  readonly version: number;
  /** The data directory, absolute. Not stored: a directory may be moved while it is down. */
  readonly dir: string;
  /** First two numbers of every address, such as "127.88". */
  readonly subnet: string;
  /** Node names; node i (counted from 1) has the addresses of its place in this list. */
  readonly nodes: readonly string[];
  /** The user that pods run as when the platform runs as root; absent when pods run as the caller. */
  readonly user?: { readonly name: string; readonly uid: number; readonly gid: number };
  /** Where nodes/ and images/ are: `dir`, or a place that the pods' user can reach when it cannot reach `dir`. */
  readonly podDir: string;
  /** A short path (at most 40 bytes) of a directory for containers' roots: unix socket paths are limited to 107 bytes. */
  readonly shortDir: string;
  /** The copy of this program in images/ that stands for the operator's image; the platform runs from it too. */
  readonly program: string;
  /** Folder of the npm packages pg15 … pg18. */
  readonly packages: string;
  /** PostgreSQL programs by major version that replace the npm packages, such as { 15: "/usr/lib/postgresql/15/bin" }. */
  readonly postgres: Readonly<Record<string, string>>;
  /** Whether `up` installs the operator. */
  readonly operator: boolean;
}

/** What goes wrong for a reason that the person at the keyboard can change: shown without a stack trace, exit code 1. */
export class UserError extends Error {}

export const ports = { api: 6443, s3: 9000, kubelet: 10250 } as const;

export const apiHost = (config: LocalConfig): string => `${config.subnet}.0.1`;
export const apiUrl = (config: LocalConfig): string => `https://${apiHost(config)}:${ports.api}`;
export const s3Host = (config: LocalConfig): string => `${config.subnet}.0.2`;
export const s3Url = (config: LocalConfig): string => `http://${s3Host(config)}:${ports.s3}`;
/** ClusterIPs are `<subnet>.96.x`; the first is that of the service `kubernetes`. */
export const serviceNetwork = (config: LocalConfig): string => `${config.subnet}.96`;
export const kubernetesServiceIp = (config: LocalConfig): string => `${serviceNetwork(config)}.1`;

export function nodeIndex(config: LocalConfig, node: string): number {
  const index = config.nodes.indexOf(node) + 1;
  if (index === 0) throw new UserError(`there is no node "${node}"; there are ${config.nodes.join(', ')}`);
  return index;
}

export const nodeAddress = (config: LocalConfig, node: string): string =>
  `${config.subnet}.1.${nodeIndex(config, node)}`;
/** First three numbers of the addresses of a node's pods. */
export const podNetwork = (config: LocalConfig, node: string): string =>
  `${config.subnet}.${10 + nodeIndex(config, node)}`;

/** Every place in a data directory. */
export const places = (config: Pick<LocalConfig, 'dir' | 'podDir'>) => ({
  config: path.join(config.dir, 'config.json'),
  kubeconfig: path.join(config.dir, 'kubeconfig'),
  pki: path.join(config.dir, 'pki'),
  /** PEM file of the PKI, such as pki('apiserver.crt'). */
  pkiFile: (name: string): string => path.join(config.dir, 'pki', name),
  apiserver: path.join(config.dir, 'apiserver'),
  logs: path.join(config.dir, 'logs'),
  run: path.join(config.dir, 'run'),
  s3: path.join(config.dir, 's3'),
  s3Credentials: path.join(config.dir, 's3-credentials.json'),
  images: path.join(config.podDir, 'images'),
  nodes: path.join(config.podDir, 'nodes'),
  node: (name: string): string => path.join(config.podDir, 'nodes', name),
});

interface StoredConfig extends Omit<LocalConfig, 'dir' | 'podDir'> {
  readonly podDir?: string;
}

/** The configuration of a data directory, or undefined when there is none yet. */
export async function readConfig(dir: string): Promise<LocalConfig | undefined> {
  const file = path.join(path.resolve(dir), 'config.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new UserError(`cannot read ${file}: ${error.message}`);
  });
  if (text === undefined) return undefined;
  let stored: StoredConfig;
  try {
    stored = JSON.parse(text) as StoredConfig;
  } catch (error) {
    throw new UserError(`${file} is not JSON (${String(error)}); "howdah local reset" makes room for a new platform`);
  }
  if (stored.version !== configVersion) {
    throw new UserError(
      `${file} is of version ${String(stored.version)}, this program knows version ${configVersion}; ` +
        `use the program that made it, or "howdah local reset --data ${path.resolve(dir)}" to delete it with all data`,
    );
  }
  return { ...stored, dir: path.resolve(dir), podDir: stored.podDir ?? path.resolve(dir) };
}

/** The configuration of a data directory that `up` has made. */
export async function loadConfig(dir: string): Promise<LocalConfig> {
  const config = await readConfig(dir);
  if (!config) throw new UserError(`no platform in ${path.resolve(dir)}; "howdah local up" makes one`);
  return config;
}

export async function saveConfig(config: LocalConfig): Promise<void> {
  const { dir, podDir, ...rest } = config;
  const stored: StoredConfig = { ...rest, ...(podDir === dir ? {} : { podDir }) };
  const file = places(config).config;
  await mkdir(dir, { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify(stored, null, 2)}\n`);
  await rename(`${file}.new`, file);
}
