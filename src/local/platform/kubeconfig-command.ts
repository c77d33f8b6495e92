import { readFile } from 'node:fs/promises';
import { loadConfig, places } from './config.ts';
import { parseOptions } from './options.ts';

export async function main(args: string[]): Promise<number> {
  const { data, content } = parseOptions(args, { content: { type: 'boolean', default: false } });
  const file = places(await loadConfig(data)).kubeconfig;
  process.stdout.write(content ? await readFile(file, 'utf8') : `${file}\n`);
  return 0;
}
