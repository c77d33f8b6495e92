// `howdah local`: the commands of a person, and the processes that the supervisor starts (each a chunk of its own).
import { UserError } from '../local/platform/config.ts';

type Command = { main(args: string[]): Promise<number> };

const commands: Record<string, () => Promise<Command>> = {
  up: () => import('../local/platform/up.ts'),
  down: () => import('../local/platform/down.ts'),
  status: () => import('../local/platform/status.ts'),
  reset: () => import('../local/platform/reset.ts'),
  kubeconfig: () => import('../local/platform/kubeconfig-command.ts'),
  supervisor: () => import('../local/platform/supervisor-command.ts'),
  apiserver: () => import('../local/apiserver/command.ts'),
  controllers: () => import('../local/controllers/command.ts'),
  s3: () => import('../local/objectstore/command.ts'),
  proxy: () => import('../local/proxy/command.ts'),
  node: () => import('../local/node/command.ts'),
};

const usage = `usage: howdah local COMMAND [--data DIR]

  up [--nodes N] [--postgres-dir MAJOR=DIR ...] [--no-operator]   start, or resume where it was
     [--wait]                                                     and until all clusters are ready
  down                                                            stop PostgreSQL cleanly, then everything
  status                                                          processes, nodes, pods, clusters
  reset                                                           down, then delete all data
  kubeconfig [--content]                                          the path (or the text) of the kubeconfig

DIR is .howdah unless --data says otherwise.
`;

export async function main(args: string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const load = commands[name];
  if (!load) {
    const asked = name === '' || name === 'help' || name === '--help' || name === '-h';
    (asked ? process.stdout : process.stderr).write(
      asked ? usage : `howdah local: unknown command "${name}"\n${usage}`,
    );
    return asked ? 0 : 2;
  }
  // Who reads only the first line of our output has not asked us to stop half-way.
  process.stdout.on('error', () => undefined);
  try {
    return await (await load()).main(rest);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`howdah local ${name}: ${error.message}\n`);
    return 1;
  }
}
