import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Archiver } from './archive.ts';

export interface ArchiveCheckDeps {
  readonly archiver: Pick<Archiver, 'check' | 'tend' | 'look'>;
  readonly log: Logger;
  /** What the Cluster says of its archive now, usable or not. */
  readonly section: () => unknown;
  readonly isPrimary: () => boolean;
  readonly pauseMs?: { readonly idle: number; readonly failed: number };
}

/**
 * Tries each archive that the primary comes by before there is WAL for it: an idle database fills no segment for minutes, and a
 * wrong Secret must not stay unsaid for so long.
 */
export async function checkArchives(deps: ArchiveCheckDeps, signal: AbortSignal): Promise<void> {
  const { idle, failed } = deps.pauseMs ?? { idle: 1_000, failed: 10_000 };
  let checked: string | undefined;
  while (!signal.aborted) {
    const text = deps.isPrimary() ? JSON.stringify(deps.section()) : undefined;
    let pause = idle;
    if (text !== undefined && text !== checked) {
      if (await deps.archiver.check(signal)) checked = text;
      else pause = failed;
    }
    if (text === undefined) {
      await deps.archiver
        .look(signal)
        .catch((error: unknown) => signal.aborted || deps.log.debug({ err: error }, 'The archive could not be read'));
    } else if (text === checked) {
      await deps.archiver
        .tend(signal)
        .catch(
          (error: unknown) => signal.aborted || deps.log.warn({ err: error }, 'What is ready could not be shipped'),
        );
    }
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
}
