import { runApiServer } from './run.ts';
import { parseOptions } from '../platform/options.ts';
import { serve } from '../platform/serve.ts';

export async function main(args: string[]): Promise<number> {
  const { data } = parseOptions(args, {});
  return serve((signal) => runApiServer({ dataDir: data, signal }));
}
