import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createKubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { kubeconfigConnection } from '../kube/kubeconfig.ts';
import { UsageError } from '../kubectl/invocation.ts';
import { commands } from '../kubectl/plugin.ts';

const usage = (): string =>
  `usage: kubectl howdah COMMAND [--namespace NAME] [--kubeconfig FILE] [--context NAME]\n\n${Object.values(commands)
    .map((command) => `  ${command.usage}`)
    .join('\n')}\n`;

async function run(args: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      namespace: { type: 'string', short: 'n' },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      reusePVC: { type: 'boolean' },
      'all-namespaces': { type: 'boolean', short: 'A' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [name = '', ...words] = positionals;
  if (values.help || name === 'help') return usage();
  const command = commands[name];
  if (!command)
    throw new UsageError(`${name === '' ? 'a command is missing' : `unknown command "${name}"`}\n${usage()}`);
  const file = values.kubeconfig ?? process.env['KUBECONFIG'] ?? path.join(homedir(), '.kube/config');
  const connection = kubeconfigConnection(file, values.context);
  await using api = createKubeClient(connection);
  const namespace = values.namespace ?? connection.namespace ?? 'default';
  const flags = new Set(Object.entries(values).flatMap(([flag, value]) => (value === true ? [flag] : [])));
  return await command.run({ api, namespace, words, now: new Date(), flags });
}

/** `kubectl howdah …`. */
export async function main(args: string[]): Promise<number> {
  try {
    process.stdout.write(await run(args));
    return 0;
  } catch (error) {
    const known =
      error instanceof UsageError || error instanceof KubeError || (error as NodeJS.ErrnoException).code !== undefined;
    process.stderr.write(`kubectl howdah: ${known ? (error as Error).message : String(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
