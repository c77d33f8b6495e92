// The one program. Each sub-command is a chunk of its own that is loaded when it is asked for, so that a start is quick.

type Command = { main(args: string[]): Promise<number> };

const commands: Record<string, { summary: string; load(): Promise<Command> }> = {
  operator: { summary: 'run the operator', load: () => import('./operator.ts') },
  instance: { summary: 'run beside one PostgreSQL (in pods)', load: () => import('./instance.ts') },
  bootstrap: { summary: 'copy this program into a directory (in pods)', load: () => import('./bootstrap.ts') },
  kubectl: { summary: 'the kubectl plugin (kubectl howdah …)', load: () => import('./kubectl.ts') },
  local: {
    summary: 'a control plane on this machine: up, down, status, reset, kubeconfig',
    load: () => import('./local.ts'),
  },
};

const usage = (): string =>
  `usage: howdah COMMAND [ARGUMENTS]\n\n${Object.entries(commands)
    .map(([name, command]) => `  ${name.padEnd(12)}${command.summary}`)
    .join('\n')}\n`;

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (!command) {
  const asked = name === '' || name === 'help' || name === '--help' || name === '-h';
  (asked ? process.stdout : process.stderr).write(asked ? usage() : `howdah: unknown command "${name}"\n${usage()}`);
  process.exit(asked ? 0 : 2);
}
process.exitCode = await (await command.load()).main(args);
