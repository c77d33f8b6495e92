import { readdir, readlink, rm } from 'node:fs/promises';
import path from 'node:path';
import { type LocalConfig, places } from './config.ts';

/** Copies of the program that a process runs from or a container's root points to. */
async function inUse(config: LocalConfig): Promise<string[]> {
  const used = [config.program];
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name)) used.push(await readlink(`/proc/${name}/exe`).catch(() => ''));
  }
  for (const container of await readdir(config.shortDir).catch(() => [])) {
    used.push(await readlink(path.join(config.shortDir, container, 'howdah')).catch(() => ''));
  }
  return used;
}

/** Removes copies of the program that older builds left in images/. */
export async function pruneImages(config: LocalConfig): Promise<void> {
  const images = places(config).images;
  const used = await inUse(config);
  for (const name of await readdir(images)) {
    const directory = path.join(images, name);
    if (!/^howdah-[0-9a-f]{12}$/.test(name) || used.some((it) => it === directory || it.startsWith(`${directory}/`)))
      continue;
    await rm(directory, { recursive: true, force: true });
  }
}
