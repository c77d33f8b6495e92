/** How this program starts another one of itself. */
export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
}

export const workerCommand = (logLevel: string, name = 'backup-worker'): WorkerCommand => ({
  file: process.execPath,
  args: [...process.execArgv, process.argv[1] ?? '', 'instance', name, `--log-level=${logLevel}`],
});

/**
 * The manager's own limits for its memory are not meant for those who work on bytes. A frame's buffers are taken from what others have
 * left: fresh pages for each would cost a fifth of the processor time.
 */
export const allocation = {
  NODE_OPTIONS: '',
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(4 << 20),
  MALLOC_TRIM_THRESHOLD_: String(64 << 20),
};
