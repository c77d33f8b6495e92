import { runApiServer } from '../apiserver/run.ts';
import { parseOptions } from './options.ts';
import { serve } from './serve.ts';

export async function main(args: string[]): Promise<number> {
  const { data } = parseOptions(args, {});
  return serve((signal) => runApiServer({ dataDir: data, signal }));
}
