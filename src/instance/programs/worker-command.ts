/** How this program starts another one of itself. */
export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
}

export const workerCommand = (logLevel: string, name = 'backup-worker'): WorkerCommand => ({
  file: process.execPath,
  args: [...process.execArgv, process.argv[1] ?? '', 'instance', name, `--log-level=${logLevel}`],
});
