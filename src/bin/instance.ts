// `howdah instance …`: what runs in the pods of a Cluster. Each command loads only its own part.
import { setFlagsFromString } from 'node:v8';
import { readEnvironment } from '../instance/world/environment.ts';
import { HopelessError } from '../instance/recovery/hopeless.ts';
import { createLogger, type Logger } from '../instance/log/logger.ts';
import { hopelessExitCode } from '../naming.ts';

interface Options {
  readonly logLevel: string;
  readonly levelField: string | undefined;
  readonly timestampField: string | undefined;
}

function parseOptions(args: readonly string[]): Options {
  const values = new Map(
    args.map((argument) => {
      const found = /^--([a-z-]+)(?:=(.*))?$/.exec(argument);
      if (!found) throw new Error(`unknown argument "${argument}"`);
      return [found[1] ?? '', found[2] ?? ''] as const;
    }),
  );
  const known = ['log-level', 'log-field-level', 'log-field-timestamp'];
  for (const name of values.keys()) if (!known.includes(name)) throw new Error(`unknown option "--${name}"`);
  return {
    logLevel: values.get('log-level') ?? 'info',
    levelField: values.get('log-field-level'),
    timestampField: values.get('log-field-timestamp'),
  };
}

/** The manager waits most of its life: optimizing compilers would cost 7 MiB, most of it their own code, and save nothing. Children keep theirs. */
function staySmall(): void {
  for (const flag of ['--no-opt', '--no-maglev']) setFlagsFromString(flag);
}

async function run(log: Logger): Promise<number> {
  staySmall();
  const { connectSupervisor } = await import('../instance/supervisor/supervisor.ts');
  const supervisor = connectSupervisor();
  const { runInstance } = await import('../instance/run.ts');
  await runInstance(readEnvironment(), log, supervisor);
  if (!supervisor.present()) return 1;
  supervisor.done(0);
  return 0;
}

/** Runs a Job's work; SIGTERM aborts it. */
async function job(name: 'init' | 'join' | 'restore', log: Logger): Promise<number> {
  const life = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => life.abort(new Error(`ended by ${signal}`)));
  const { runJob } = await import('../instance/jobs.ts');
  await runJob(name, readEnvironment(), log, life.signal);
  return 0;
}

async function backupWorker(log: Logger): Promise<number> {
  const { runBackupWorker } = await import('../instance/backup/worker.ts');
  await runBackupWorker(log.child({ logger: 'backup' }));
  return 0;
}

async function walWorker(log: Logger): Promise<number> {
  const { runShipWorker } = await import('../instance/wal/ship-worker.ts');
  await runShipWorker(log.child({ logger: 'wal-archive' }));
  return 0;
}

async function credentialsWorker(): Promise<number> {
  const { runCredentialsWorker } = await import('../instance/iam/worker.ts');
  await runCredentialsWorker();
  return 0;
}

async function status(): Promise<number> {
  const { printStatus } = await import('../instance/status/print.ts');
  return printStatus(process.env);
}

const workers = ['backup-worker', 'wal-worker', 'credentials-worker'];

export async function main(args: string[]): Promise<number> {
  const [command = '', ...rest] = args;
  if (![...['run', 'init', 'join', 'restore', 'status'], ...workers].includes(command)) {
    process.stderr.write('usage: howdah instance run|init|join|restore|status [--log-level=LEVEL]\n');
    return 2;
  }
  const options = parseOptions(rest);
  const log = createLogger({
    level: options.logLevel,
    podName: process.env['POD_NAME'] ?? '',
    ...(options.levelField ? { levelField: options.levelField } : {}),
    ...(options.timestampField ? { timestampField: options.timestampField } : {}),
  });
  const own = log.child({ logger: 'instance-manager' });
  try {
    if (command === 'status') return await status();
    if (command === 'backup-worker') return await backupWorker(log);
    if (command === 'wal-worker') return await walWorker(log);
    if (command === 'credentials-worker') return await credentialsWorker();
    own.info({ command, pid: process.pid }, 'Starting');
    return command === 'run' ? await run(log) : await job(command as 'init' | 'join' | 'restore', log);
  } catch (error) {
    own.error({ err: error }, error instanceof Error ? error.message : String(error));
    return error instanceof HopelessError ? hopelessExitCode : 1;
  }
}
