import { realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ObjectStoreError, isUnanswered } from '../../objectstore/errors.ts';
import { type TimelineHistory, isFileOfHistory } from '../../postgres/timeline.ts';
import { parseWalName, segmentAfter } from '../../postgres/wal-name.ts';
import { sync } from '../../util/durable.ts';
import type { RestoreOutcome, WalRestorer } from './port.ts';
import type { Archive, ArchiveSource } from './archive-source.ts';
import { downloadWal } from './download.ts';
import { Prefetch } from './prefetch.ts';

export interface RestorerDeps {
  /** PGDATA: paths that PostgreSQL names are below it. */
  readonly dataDirectory: string;
  readonly source: Pick<ArchiveSource, 'get' | 'invalidate'>;
  readonly segmentSize: () => Promise<number>;
  /** The history that this instance must stay on; undefined when any is right (recovery of a new cluster). */
  readonly history: (signal: AbortSignal) => Promise<TimelineHistory | undefined>;
  /**
   * What a failure means. 'stop': PostgreSQL must not take it for the end of the archive, so tries go on for `patience` and then
   * recovery ends. 'stream': a standby has another way to its WAL, which it goes only after this one: it is told at once, and for
   * `patience` without asking the archive again. Each step of getting to a new primary asks for something.
   */
  readonly onFailure: 'stop' | 'stream';
  /** Milliseconds. */
  readonly patience: number;
  readonly log: Logger;
  /** The manager's life. */
  readonly signal: AbortSignal;
}

/** Milliseconds in which an archive must begin to answer where there is another way: twice the last time, and twice as many after each in vain. */
const shortest = 1_000;
const longest = 60_000;
const between = (milliseconds: number): number => Math.min(Math.max(milliseconds, shortest), longest);
const firstPause = 250;
const longestPause = 5_000;
/** What asking again cannot change soon. */
const lasting = new Set(['forbidden', 'no-such-bucket']);

/** Implements restore_command: whole files only, only of our history, the next ones fetched ahead. */
export class Restorer implements WalRestorer {
  readonly #deps: RestorerDeps;
  readonly #foreign = new Set<string>();
  #answerWithin = shortest;
  #unanswered: { readonly until: number; readonly error: unknown } | undefined;
  #prefetch: { directory: string; files: Prefetch } | undefined;

  constructor(deps: RestorerDeps) {
    this.#deps = deps;
  }

  /** A standby without a primary asks for the same few files several times a second. */
  #sayForeign(wal: string, timeline: number): void {
    const text = `${timeline} ${wal}`;
    if (this.#foreign.has(text)) return;
    if (this.#foreign.size >= 100) this.#foreign.clear();
    this.#foreign.add(text);
    this.#deps.log.info({ wal, timeline }, 'Not restored: the file is not on the history of this cluster');
  }

  async restore(file: string, target: string, signal: AbortSignal): Promise<RestoreOutcome> {
    const { source, segmentSize, onFailure } = this.#deps;
    if (parseWalName(file) === undefined) return { outcome: 'absent' };
    try {
      const place = await this.#place(target);
      const known = await this.#history(signal);
      if (known && !isFileOfHistory(known, file, await segmentSize())) {
        this.#sayForeign(file, known.timeline);
        return { outcome: 'absent' };
      }
      const archive = await source.get(signal);
      if (!archive) return { outcome: 'absent' };
      const fetched = await this.#fetch(archive, file, place, signal);
      if (fetched) await this.#ahead(archive, file, path.dirname(place));
      return { outcome: fetched ? 'restored' : 'absent' };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#deps.log.warn({ wal: file, err: error }, 'WAL file was not restored');
      return { outcome: 'failed', message, fatal: onFailure === 'stop' };
    }
  }

  /**
   * The request comes from inside the pod; still nothing outside of PGDATA is written. PostgreSQL says where it is by its working
   * directory, in which no symbolic link is left.
   */
  async #place(target: string): Promise<string> {
    const { dataDirectory } = this.#deps;
    const place = path.resolve(dataDirectory, target);
    const roots = [dataDirectory, await realpath(dataDirectory)];
    if (!roots.some((root) => place.startsWith(`${root}/`))) {
      throw new Error(`"${target}" is not below the data directory`);
    }
    return place;
  }

  async #fetch(archive: Archive, file: string, place: string, signal: AbortSignal): Promise<boolean> {
    const files = this.#files(path.dirname(place));
    const fetched = await files.take(file);
    const staging = fetched ?? `${place}.howdah`;
    const download = (name: string) =>
      this.#deps.onFailure === 'stream'
        ? this.#once(() => downloadWal(archive, name, staging, { signal, answerWithin: this.#answerWithin }), signal)
        : this.#patiently(() => downloadWal(archive, name, staging, { signal }), signal);
    if (fetched === undefined && !(await download(file)) && !(await this.#partial(file, download))) return false;
    // PostgreSQL that has gone meanwhile may have come back, and have something else fetched to the same place.
    signal.throwIfAborted();
    await rename(staging, place);
    await sync(path.dirname(place));
    return true;
  }

  /**
   * The last segment of a timeline that was left is archived as `.partial`. PostgreSQL never asks for it, and a recovery that is told to
   * stay on that timeline would end a segment early.
   */
  async #partial(file: string, download: (name: string) => Promise<boolean>): Promise<boolean> {
    return this.#deps.onFailure === 'stop' && parseWalName(file)?.kind === 'segment' && download(`${file}.partial`);
  }

  /** The failure for which the archive is not asked now. */
  #silence(): { readonly error: unknown } | undefined {
    return this.#unanswered && performance.now() < this.#unanswered.until ? this.#unanswered : undefined;
  }

  #failed(error: unknown, signal: AbortSignal): void {
    this.#changed(error);
    // A request that was taken back, as an election does, a damaged file and a full volume say nothing of the archive.
    if (signal.aborted || !isUnanswered(error)) return;
    this.#answerWithin = between(2 * this.#answerWithin);
    this.#unanswered = { until: performance.now() + this.#deps.patience, error };
  }

  async #once(download: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
    const silence = this.#silence();
    if (silence) throw silence.error;
    const began = performance.now();
    try {
      const found = await download();
      this.#answerWithin = between(2 * (performance.now() - began));
      return found;
    } catch (error) {
      this.#failed(error, signal);
      throw error;
    }
  }

  /** That of a primary that has just been promoted may be in the archive alone. */
  async #history(signal: AbortSignal): Promise<TimelineHistory | undefined> {
    const { history, onFailure } = this.#deps;
    if (onFailure === 'stop') return history(signal);
    const late = new AbortController();
    const silence = this.#silence();
    if (silence) late.abort(silence.error);
    const words = `the archive has not given the history of the primary within ${this.#answerWithin} ms`;
    const timer = setTimeout(() => late.abort(new ObjectStoreError('unreachable', words)), this.#answerWithin);
    try {
      return await history(AbortSignal.any([signal, late.signal]));
    } catch (error) {
      if (!silence) this.#failed(error, signal);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Credentials are read anew. */
  #changed(error: unknown): void {
    if (error instanceof ObjectStoreError && error.kind === 'forbidden') this.#deps.source.invalidate();
  }

  async #patiently(download: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
    const deadline = Date.now() + this.#deps.patience;
    for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
      try {
        return await download();
      } catch (error) {
        this.#changed(error);
        const final = error instanceof ObjectStoreError && lasting.has(error.kind);
        if (final || Date.now() + pause > deadline || signal.aborted) throw error;
        this.#deps.log.warn({ err: error, pause }, 'The archive did not answer; asking again');
        await delay(pause, undefined, { signal });
      }
    }
  }

  async #ahead(archive: Archive, file: string, directory: string): Promise<void> {
    if (parseWalName(file)?.kind !== 'segment') return;
    const size = await this.#deps.segmentSize();
    const count = archive.config.wal.maxParallel;
    const names = Array.from({ length: count }, (_, index) => segmentAfter(file, size, index + 1));
    const known = await this.#history(this.#deps.signal);
    const wanted = names.filter((name) => !known || isFileOfHistory(known, name, size));
    await this.#files(directory).want(count > 1 ? wanted : []);
  }

  #files(directory: string): Prefetch {
    if (this.#prefetch?.directory !== directory) {
      const { source, signal, onFailure } = this.#deps;
      const files = new Prefetch(path.join(directory, '.howdah-restore'), async (name, place) => {
        const archive = await source.get(signal);
        if (!archive) return false;
        if (onFailure === 'stop') return downloadWal(archive, name, place, { signal });
        // Who asks for it waits for this first.
        return this.#once(
          () => downloadWal(archive, name, place, { signal, answerWithin: this.#answerWithin }),
          signal,
        );
      });
      this.#prefetch = { directory, files };
    }
    return this.#prefetch.files;
  }

  /** Removes what was fetched ahead and not asked for. */
  async close(): Promise<void> {
    if (this.#prefetch)
      await rm(path.join(this.#prefetch.directory, '.howdah-restore'), { recursive: true, force: true });
  }
}
