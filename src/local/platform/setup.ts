import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type LocalConfig,
  UserError,
  configVersion,
  loadConfig,
  places,
  readConfig,
  s3Url,
  saveConfig,
} from './config.ts';
import { choosePodDir, chooseShortDir, claimDirectory, ensureShortDir, linkPodDir } from './data-dir.ts';
import { allListeners, busySubnets, chooseSubnet } from './listeners.ts';
import { podUserOfThisMachine } from './pod-user.ts';
import { findPackages, placeProgram } from './program.ts';

/** What `up` may be asked for; what is left out stays as it was. */
export interface UpRequest {
  readonly dir: string;
  readonly nodes?: number;
  readonly postgres: Readonly<Record<string, string>>;
  readonly operator?: boolean;
}

const nodeNames = (count: number): string[] => Array.from({ length: count }, (_, index) => `node-${index + 1}`);

async function firstConfig(dir: string): Promise<LocalConfig> {
  const user = await podUserOfThisMachine();
  const podDir = await choosePodDir(dir, user);
  const seed = createHash('sha256').update(dir).digest().readUInt32BE();
  const subnet = chooseSubnet(busySubnets(await allListeners()), seed);
  if (subnet === undefined) throw new UserError('no subnet 127.64 … 127.250 is free of listeners');
  return {
    version: configVersion,
    dir,
    subnet,
    nodes: nodeNames(1),
    ...(user ? { user } : {}),
    podDir,
    shortDir: chooseShortDir(podDir),
    program: '',
    packages: await findPackages(process.env),
    postgres: {},
    operator: true,
  };
}

function nodesFor(config: LocalConfig, wanted: number | undefined): readonly string[] {
  if (wanted === undefined || wanted === config.nodes.length) return config.nodes;
  if (wanted < config.nodes.length) {
    throw new UserError(`this platform has ${config.nodes.length} nodes; it can get more but not fewer`);
  }
  return nodeNames(wanted);
}

/** Directories and their permissions: the pods' user may pass to its own things and sees nothing else. */
async function makeDirectories(config: LocalConfig): Promise<void> {
  const at = places(config);
  for (const directory of [at.apiserver, at.logs, at.run, at.s3])
    await mkdir(directory, { recursive: true, mode: 0o700 });
  await mkdir(at.nodes, { recursive: true, mode: 0o711 });
  await mkdir(at.images, { recursive: true, mode: 0o755 });
  if (config.user && config.podDir === config.dir) await chmod(config.dir, 0o711);
  await ensureShortDir(config.podDir, config.shortDir);
}

/** Keys of the S3 store, made once, and where it is. */
async function ensureS3Credentials(config: LocalConfig): Promise<void> {
  const made = {
    endpoint: s3Url(config),
    accessKeyId: `HOWDAH${randomBytes(7).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  const options = { mode: 0o600, flag: 'wx' };
  await writeFile(places(config).s3Credentials, `${JSON.stringify(made, null, 2)}\n`, options).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const readS3Credentials = async (config: LocalConfig): Promise<S3Credentials> =>
  JSON.parse(await readFile(places(config).s3Credentials, 'utf8')) as S3Credentials;

/** Reads or makes the configuration of a data directory, and everything in the directory that does not run. */
export async function setUp(request: UpRequest): Promise<LocalConfig> {
  const dir = path.resolve(request.dir);
  const known = await readConfig(dir);
  await claimDirectory(dir, process.getuid?.() === 0 ? 0o711 : 0o700);
  const base = known ?? (await firstConfig(dir));
  const wanted: LocalConfig = {
    ...base,
    nodes: nodesFor(base, request.nodes),
    packages: await findPackages(process.env),
    postgres: { ...base.postgres, ...request.postgres },
    operator: request.operator ?? base.operator,
  };
  await linkPodDir(dir, wanted.podDir);
  await makeDirectories(wanted);
  await ensureS3Credentials(wanted);
  const config = { ...wanted, program: await placeProgram(places(wanted).images, wanted.user !== undefined) };
  await saveConfig(config);
  // As the next `up` will read it: what is compared later must not depend on who made it.
  return loadConfig(dir);
}
