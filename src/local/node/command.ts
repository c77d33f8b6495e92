// `howdah local node --data DIR --name NODE`
import { parseArgs } from 'node:util';
import { UserError } from '../platform/config.ts';
import type { Log } from './pod/context.ts';
import { runNode } from './run.ts';

const line = (level: string, fields: object, message: string): void => {
  process.stdout.write(`${JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg: message })}\n`);
};

const log: Log = {
  info: (fields, message) => line('info', fields, message),
  warn: (fields, message) => line('warn', fields, message),
};

/** SIGTERM and SIGINT leave the containers running; SIGUSR2 ends them in good order first. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { data: { type: 'string' }, name: { type: 'string' } } });
  if (values.name === undefined) throw new UserError('--name NODE is missing');
  const leave = new AbortController();
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => leave.abort());
  process.once('SIGUSR2', () => stop.abort());
  await runNode({
    dataDir: values.data ?? '.howdah',
    name: values.name,
    signal: leave.signal,
    stopContainers: stop.signal,
    log,
    ready: () => log.info({ node: values.name }, 'node serves'),
  });
  return 0;
}
