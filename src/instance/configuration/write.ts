import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { readFileIfThere, removeFile, replaceFile } from '../../util/files.ts';
import type { ConfigurationFiles } from './settings.ts';

const includes = ['custom.conf', 'override.conf'];

/** postgresql.conf stays as initdb (or the user's restored cluster) has it; ours is read after it. */
export async function ensureIncludes(dataDirectory: string): Promise<boolean> {
  const file = path.join(dataDirectory, 'postgresql.conf');
  const present = (await readFileIfThere(file)) ?? '';
  const missing = includes.filter((name) => !present.split('\n').includes(`include '${name}'`));
  if (missing.length === 0) return false;
  const separator = present === '' || present.endsWith('\n') ? '' : '\n';
  return replaceFile(file, present + separator + missing.map((name) => `include '${name}'\n`).join(''));
}

/** The names of files that differ from what they should be. */
export async function differing(dataDirectory: string, files: ConfigurationFiles): Promise<string[]> {
  const names = await Promise.all(
    Object.entries(files).map(async ([name, content]) =>
      (await readFileIfThere(path.join(dataDirectory, name))) === content ? [] : [name],
    ),
  );
  return names.flat();
}

/** Resolves to the names of the files that were changed. */
export async function writeConfiguration(dataDirectory: string, files: ConfigurationFiles): Promise<string[]> {
  const changed: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    if (await replaceFile(path.join(dataDirectory, name), content)) changed.push(name);
  }
  if (await ensureIncludes(dataDirectory)) changed.push('postgresql.conf');
  return changed;
}

/** Before PostgreSQL 17 there is no allow_alter_system; a file that cannot be written comes nearest. */
export async function guardAutoConf(dataDirectory: string, alterSystem: boolean): Promise<void> {
  await chmod(path.join(dataDirectory, 'postgresql.auto.conf'), alterSystem ? 0o600 : 0o400).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    },
  );
}

/** Whether the next start is as a standby. Resolves to false when it was so already. */
export async function setStandby(dataDirectory: string, standby: boolean): Promise<boolean> {
  const signal = path.join(dataDirectory, 'standby.signal');
  return standby ? replaceFile(signal, '') : removeFile(signal);
}
