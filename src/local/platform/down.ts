import path from 'node:path';
import { UserError, readConfig } from './config.ts';
import { parseOptions } from './options.ts';
import { shutDown } from './shutdown.ts';

export async function main(args: string[]): Promise<number> {
  const { data } = parseOptions(args, {});
  const config = await readConfig(data);
  if (!config) throw new UserError(`no platform in ${path.resolve(data)}`);
  await shutDown(config);
  process.stdout.write(`The platform in ${config.dir} is stopped; "howdah local up" resumes it.\n`);
  return 0;
}
