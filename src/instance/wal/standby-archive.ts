import { realpath, statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type TimelineHistory, isFileOfHistory } from '../../postgres/timeline.ts';
import { parseWalName } from '../../postgres/wal-name.ts';
import type { ArchiveOutcome } from './port.ts';
import type { ArchiveSource } from './archive-source.ts';
import { Confirmed } from './confirmed.ts';
import { historyFiles } from './ready.ts';

export interface StandbyArchiveDeps {
  readonly source: Pick<ArchiveSource, 'get'>;
  /** Of the primary that is followed; undefined while it is not known. */
  readonly history: () => Promise<TimelineHistory | undefined>;
  readonly segmentSize: () => Promise<number>;
  /** Still a standby that goes on. */
  readonly isStandby: () => boolean;
  readonly log: Logger;
  /** Tells people that WAL was let go; see `keptFree`. */
  readonly onReleased: (message: string) => void;
  /** Milliseconds that one question is held open. */
  readonly patience?: number;
}

const firstPause = 250;
const longestPause = 5_000;
const defaultPatience = 10 * 60_000;
/** Of the volume of the WAL: below it a standby keeps nothing for a successor any more, so that it stays one. */
const keptFree = 0.15;

/**
 * What archive_command means on a standby (archive_mode = always): "done" only when the archive is known to hold the segment. So
 * PostgreSQL's own .ready files are the list of what a dead primary may not have shipped, and after a promotion it asks again,
 * and the answer is to ship it (architecture §5, P4).
 */
export class StandbyArchive {
  readonly #deps: StandbyArchiveDeps;
  readonly #confirmed = new Confirmed();

  constructor(deps: StandbyArchiveDeps) {
    this.#deps = deps;
  }

  /** Undefined when this instance has stopped being a standby meanwhile. */
  async confirm(file: string, signal: AbortSignal): Promise<ArchiveOutcome | undefined> {
    const name = path.basename(file);
    const kind = parseWalName(name)?.kind;
    // Histories are the primary's to ship, who has them all (rule 24).
    if (kind !== 'segment' && kind !== 'partial') return { outcome: 'skipped', reason: 'segments only are kept here' };
    const until = Date.now() + (this.#deps.patience ?? defaultPatience);
    for (let pause = firstPause; this.#deps.isStandby(); pause = Math.min(2 * pause, longestPause)) {
      const answer = await this.#look(file, name, signal).catch((error: unknown) => {
        this.#deps.log.debug({ wal: name, err: error }, 'The archive could not be asked for a segment');
        return undefined;
      });
      if (answer) return answer;
      if (Date.now() > until) return { outcome: 'failed', message: 'the archive does not hold the segment yet' };
      await this.#wait(pause, signal);
    }
    return undefined;
  }

  /** A role that changes is not waited for longer than a moment. */
  async #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    for (let left = milliseconds; left > 0 && this.#deps.isStandby(); left -= firstPause) {
      await delay(Math.min(left, firstPause), undefined, { signal });
    }
  }

  async #look(file: string, name: string, signal: AbortSignal): Promise<ArchiveOutcome | undefined> {
    const { source, history, segmentSize, log, onReleased } = this.#deps;
    const opened = await source.get(signal).catch((error: unknown) => ({ error }));
    if (!opened) return { outcome: 'skipped', reason: 'no archive is configured' };
    if (await isShort(path.dirname(file))) {
      const message = `The volume is nearly full: segment ${name} is not kept for a successor any more`;
      log.warn({ wal: name }, message);
      onReleased(message);
      return { outcome: 'skipped', reason: 'the volume is nearly full' };
    }
    if ('error' in opened) throw opened.error;
    const known = await history();
    // Only a promotion makes one, after the new timeline's history: as long as nobody knows of that timeline it may have been ours.
    if (parseWalName(name)?.kind === 'partial') {
      if (known === undefined || (await hasLaterHistory(path.dirname(file), known.timeline))) return undefined;
      return { outcome: 'skipped', reason: 'what another life left incomplete is not kept here' };
    }
    // Its timeline was left before its end: nobody will ever ship it under this name. One of a later timeline than is known is not such:
    // this very instance may have been promoted a moment ago, and would never be asked for it again.
    const later = known !== undefined && (parseWalName(name)?.timeline ?? 0) > known.timeline;
    if (known && !later && !isFileOfHistory(known, name, await segmentSize())) {
      log.info({ wal: name, timeline: known.timeline }, 'Let go: the segment is not on the history of the primary');
      return { outcome: 'skipped', reason: 'the segment is not on the history of the primary' };
    }
    return (await this.#confirmed.has(opened, name, signal)) ? { outcome: 'archived' } : undefined;
  }
}

async function hasLaterHistory(walDirectory: string, timeline: number): Promise<boolean> {
  const names = await historyFiles(walDirectory);
  return names.some((name) => (parseWalName(name)?.timeline ?? 0) > timeline);
}

async function isShort(directory: string): Promise<boolean> {
  const { bavail, blocks } = await statfs(await realpath(directory));
  return bavail < blocks * keptFree;
}
