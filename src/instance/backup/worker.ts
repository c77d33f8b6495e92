import { once } from 'node:events';
import type { Logger } from 'pino';
import { openArchive } from '../../objectstore/archive/config.ts';
import { patientAttempts } from '../../objectstore/retry.ts';
import { runBackup } from './run-backup.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

const say = (message: FromWorker): Promise<void> =>
  new Promise((resolve, reject) => {
    if (!process.send) reject(new Error('backup-worker is started by an instance manager'));
    else process.send(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
  });

async function hear<K extends ToWorker['kind']>(kind: K, signal: AbortSignal): Promise<ToWorker & { kind: K }> {
  for (;;) {
    const [message] = (await once(process, 'message', { signal })) as [ToWorker];
    if (message.kind === kind) return message as ToWorker & { kind: K };
  }
}

/** `howdah instance backup-worker`: takes the backup that the manager at the other end of the channel asks for. */
export async function runBackupWorker(log: Logger): Promise<void> {
  const life = new AbortController();
  const stop = (why: string) => (): void => life.abort(new Error(why));
  process.once('SIGTERM', stop('ended by SIGTERM'));
  process.once('SIGINT', stop('ended by SIGINT'));
  // A manager that died has a successor, who calls the backup failed: two must not work on it.
  process.once('disconnect', stop('the instance manager is gone'));
  const { request } = await hear('run', life.signal);
  const { config, ...rest } = request;
  using store = await openArchive({ s3: { attempts: patientAttempts, ...config.s3 } });
  try {
    const done = await runBackup({
      ...rest,
      archive: { store, config },
      async write(status) {
        const answer = hear('written', life.signal);
        await Promise.all([say({ kind: 'write', status }), answer]);
        const { error } = await answer;
        if (error !== undefined) throw new Error(error);
      },
      log,
      signal: life.signal,
    });
    await say({ kind: 'completed', ...done });
  } catch (error) {
    log.debug({ err: error }, 'The backup failed in its worker');
    if (process.connected)
      await say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  } finally {
    if (process.connected) process.disconnect();
  }
}
