import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { type LocalConfig, UserError, configVersion } from './config.ts';
import { isOurs, removeOutside } from './data-dir.ts';
import { parseOptions } from './options.ts';
import { shutDown } from './shutdown.ts';

/** What a configuration of any version says that is needed to stop and delete. */
async function looseConfig(dir: string): Promise<LocalConfig> {
  const text = await readFile(path.join(dir, 'config.json'), 'utf8').catch(() => '{}');
  let stored: Partial<LocalConfig> = {};
  try {
    stored = JSON.parse(text) as Partial<LocalConfig>;
  } catch {
    // A damaged configuration must not keep anybody from deleting it.
  }
  const podDir = typeof stored.podDir === 'string' ? stored.podDir : dir;
  return {
    version: configVersion,
    dir,
    subnet: stored.subnet ?? '127.64',
    nodes: Array.isArray(stored.nodes) ? stored.nodes : [],
    podDir,
    shortDir: typeof stored.shortDir === 'string' ? stored.shortDir : path.join(podDir, 'r'),
    program: '',
    packages: '',
    postgres: {},
    operator: false,
  };
}

/** Stops the platform and deletes its data directory, with what lies outside of it. */
export async function reset(dir: string): Promise<void> {
  const config = await looseConfig(dir);
  await shutDown(config);
  await removeOutside(dir, config.podDir, config.shortDir);
  await rm(dir, { recursive: true, force: true });
}

export async function main(args: string[]): Promise<number> {
  const dir = path.resolve(parseOptions(args, {}).data);
  if (!existsSync(dir)) {
    process.stdout.write(`There is nothing in ${dir}.\n`);
    return 0;
  }
  if (!(await isOurs(dir))) throw new UserError(`${dir} was not made by "howdah local up": nothing is deleted`);
  await reset(dir);
  process.stdout.write(`${dir} is deleted.\n`);
  return 0;
}
