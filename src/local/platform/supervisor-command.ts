import { parseOptions } from './options.ts';
import { supervise } from './supervisor.ts';

export async function main(args: string[]): Promise<number> {
  const { data, fingerprint } = parseOptions(args, { fingerprint: { type: 'string', default: '' } });
  return supervise(data, fingerprint);
}
