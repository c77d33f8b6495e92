import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ObjectStoreError } from '../../objectstore/errors.ts';
import { type TimelineHistory, isFileOfHistory } from '../../postgres/timeline.ts';
import { parseWalName } from '../../postgres/wal-name.ts';
import { readFileIfThere } from '../../util/files.ts';
import { isFiller } from './history-files.ts';
import type { ArchiveOutcome, WalArchiver } from './port.ts';
import type { ArchiveOwner } from './archive-owner.ts';
import type { Archive, ArchiveSource } from './archive-source.ts';
import type { ArchivingReporter } from './condition.ts';
import { NotOwnedError, SupersededError } from './ownership.ts';
import { historyFiles, readyFiles } from './ready.ts';
import type { Ship } from './shipper.ts';
import { sameToSwitch } from './segment-file.ts';
import type { StandbyArchive } from './standby-archive.ts';
import { UnnotedSegments } from './unnoted.ts';
import { WalConflictError, getWal } from './wal-objects.ts';

export interface ArchiverDeps {
  /** PGDATA. */
  readonly dataDirectory: string;
  readonly source: Pick<ArchiveSource, 'get' | 'invalidate'>;
  /** Only the primary writes to the archive; a standby confirms. */
  readonly role: () => ArchivingRole;
  readonly standby: Pick<StandbyArchive, 'confirm'>;
  /** PostgreSQL is being stopped, and this many milliseconds more may go into archiving; undefined when it is not. */
  readonly timeLeft: () => number | undefined;
  readonly systemIdentifier: () => Promise<string>;
  /** History of the timeline that is written now; undefined while it is not known. */
  readonly history: () => Promise<TimelineHistory | undefined>;
  /** Name of the segment that is written now; undefined while it is not known. */
  readonly written: () => Promise<string | undefined>;
  readonly segmentSize: () => Promise<number>;
  readonly owner: Pick<ArchiveOwner, 'own' | 'owned' | 'look'>;
  /** Stores a file; see Shipper. */
  readonly ship: Ship;
  readonly reporter: Pick<ArchivingReporter, 'report'>;
  /** Tells people that somebody else writes to this archive (P3). */
  readonly alarm: (message: string) => void;
  readonly log: Logger;
  /** The manager's life: an upload outlives the request that began it. */
  readonly signal: AbortSignal;
}

/** 'primary' also while it is being stopped. */
export type ArchivingRole = 'primary' | 'standby' | 'unknown';

/** Milliseconds. */
const lookEvery = 100;
const givenUp = (message: string): ArchiveOutcome => ({ outcome: 'given-up', message });

export interface ArchiverStats {
  readonly lastArchivedWal: string | undefined;
  readonly lastArchivedAt: Date | undefined;
  readonly lastFailedWal: string | undefined;
  readonly lastFailedAt: Date | undefined;
  readonly lastError: string | undefined;
}

/** A name is the same file as long as inode and time are: pg_rewind can bring another one of that name. */
type Identity = string;

/** Implements archive_command. What is ready is shipped ahead of being asked for, several files at once. */
export class Archiver implements WalArchiver {
  readonly #deps: ArchiverDeps;
  readonly #running = new Map<string, Promise<Identity>>();
  readonly #shipped = new Map<string, Identity>();
  /** PostgreSQL knows that they are archived, and has perhaps not noted it yet. */
  readonly #answered = new Set<string>();
  /** Those that the archive has, or another of that name. */
  readonly #histories = new Set<string>();
  readonly #unnoted = new UnnotedSegments();
  #stats: ArchiverStats = {
    lastArchivedWal: undefined,
    lastArchivedAt: undefined,
    lastFailedWal: undefined,
    lastFailedAt: undefined,
    lastError: undefined,
  };

  constructor(deps: ArchiverDeps) {
    this.#deps = deps;
  }

  get stats(): ArchiverStats {
    return this.#stats;
  }

  /** Never holds up a shutdown: when its time is over PostgreSQL's archiver is sent home. */
  async archive(file: string, signal: AbortSignal): Promise<ArchiveOutcome> {
    const answered = new AbortController();
    const until = AbortSignal.any([signal, answered.signal]);
    try {
      const over = this.#timeIsOver(until).then(() => givenUp('the time for archiving at a shutdown is over'));
      const outcome = await Promise.race([this.#answer(file, signal), over]);
      if (outcome.outcome !== 'failed' || this.#deps.timeLeft() === undefined) return outcome;
      return givenUp(outcome.message);
    } finally {
      answered.abort();
    }
  }

  async #answer(file: string, signal: AbortSignal): Promise<ArchiveOutcome> {
    const confirmed = this.#deps.role() === 'standby' ? await this.#deps.standby.confirm(file, signal) : undefined;
    return confirmed ?? this.#archive(file, signal);
  }

  /** Rejects with `until`. */
  async #timeIsOver(until: AbortSignal): Promise<void> {
    for (;;) {
      await delay(lookEvery, undefined, { signal: until });
      if ((this.#deps.timeLeft() ?? 1) <= 0) return;
    }
  }

  async #archive(file: string, signal: AbortSignal): Promise<ArchiveOutcome> {
    const name = path.basename(file);
    const { source, reporter, log } = this.#deps;
    try {
      if (parseWalName(name) === undefined) throw new Error(`"${name}" is not the name of a WAL file`);
      const archive = await source.get(signal);
      if (!archive) {
        reporter.report({ state: 'not-configured' });
        return { outcome: 'skipped', reason: 'no archive is configured' };
      }
      if (this.#deps.role() !== 'primary') return { outcome: 'failed', message: 'this instance is not the primary' };
      if (!(await this.#belongs(name))) {
        log.warn({ wal: name }, 'Not archived: the file is not on the history of the current timeline');
        return { outcome: 'skipped', reason: 'the file is not on the history of the current timeline' };
      }
      await this.#deps.owner.own(archive, signal);
      await this.#ship(archive, path.dirname(file), name);
      this.#stats = { ...this.#stats, lastArchivedWal: name, lastArchivedAt: new Date() };
      reporter.report({ state: 'working' });
      return { outcome: 'archived' };
    } catch (error) {
      return this.#failed(name, error);
    }
  }

  /**
   * Ships what is ready without being asked, histories before all: after failures PostgreSQL asks again only a minute later, and of
   * histories that fill numbers (rule 24) never, while a restore looks for the newest timeline number by number.
   */
  async tend(signal: AbortSignal): Promise<void> {
    if (this.#deps.role() !== 'primary' || this.#deps.timeLeft() !== undefined) return;
    const archive = await this.#deps.source.get(signal);
    if (!archive || !(await this.#stillOwned(archive, signal))) return;
    const directory = path.join(this.#deps.dataDirectory, 'pg_wal');
    const current = await this.#deps.history();
    for (const name of await historyFiles(directory)) {
      if (this.#histories.has(name) || (parseWalName(name)?.timeline ?? 0) > (current?.timeline ?? 0)) continue;
      await this.#start(archive, directory, name);
      this.#histories.add(name);
      this.#shipped.delete(name);
    }
    await this.#noteFull(directory, current);
    await this.#shipAhead(archive, directory, '');
  }

  async #noteFull(directory: string, current: TimelineHistory | undefined): Promise<void> {
    const written = await this.#deps.written();
    if (written === undefined || parseWalName(written)?.timeline !== current?.timeline || !current) return;
    const noted = await this.#unnoted.note(directory, current, written, await this.#deps.segmentSize());
    if (noted.length > 0) this.#deps.log.info({ wal: noted }, 'Full segments are noted that PostgreSQL had not noted');
  }

  async #stillOwned(archive: Archive, signal: AbortSignal): Promise<boolean> {
    const { owner, reporter, alarm } = this.#deps;
    if (!owner.owned(archive)) return false;
    try {
      await owner.own(archive, signal);
      return true;
    } catch (error) {
      if (!(error instanceof NotOwnedError)) throw error;
      reporter.report({ state: 'failing', message: error.message });
      alarm(error.message);
      return false;
    }
  }

  /** As standby: learns how far the archive's epochs have come (rule 7). */
  async look(signal: AbortSignal): Promise<void> {
    const archive = await this.#deps.source.get(signal);
    if (archive) await this.#deps.owner.look(archive, signal);
  }

  /** Opens the archive and claims it, and says how that went; true when nothing is in the way of the first segment. */
  async check(signal: AbortSignal): Promise<boolean> {
    const { source, owner, reporter, alarm, log, dataDirectory } = this.#deps;
    try {
      const archive = await source.get(signal);
      if (!archive) return true;
      await owner.own(archive, signal);
      // Of what waits already PostgreSQL's own tries tell.
      if ((await readyFiles(path.join(dataDirectory, 'pg_wal'))).length === 0) reporter.report({ state: 'working' });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#refresh(error);
      log.warn({ err: error }, 'The WAL archive cannot be used');
      const message = error instanceof Error ? error.message : String(error);
      reporter.report({ state: 'failing', message });
      if (error instanceof NotOwnedError) alarm(message);
      return false;
    }
  }

  /** Credentials that the store refuses may have been changed. */
  #refresh(error: unknown): void {
    if (error instanceof ObjectStoreError && error.kind === 'forbidden') this.#deps.source.invalidate();
  }

  #failed(name: string, error: unknown): ArchiveOutcome {
    const message = error instanceof Error ? error.message : String(error);
    this.#stats = { ...this.#stats, lastFailedWal: name, lastFailedAt: new Date(), lastError: message };
    this.#refresh(error);
    const { log, reporter, alarm, timeLeft } = this.#deps;
    // Whoever hands over is overtaken by its successor: what it has not shipped is the successor's to ship.
    const overtaken = error instanceof SupersededError && timeLeft() !== undefined;
    const alarming = !overtaken && (error instanceof WalConflictError || error instanceof NotOwnedError);
    log[alarming ? 'error' : 'warn']({ wal: name, err: error }, 'WAL file was not archived');
    if (!overtaken) reporter.report({ state: 'failing', message });
    if (alarming) alarm(message);
    return { outcome: 'failed', message };
  }

  async #belongs(name: string): Promise<boolean> {
    const history = await this.#deps.history();
    if (history === undefined || isFileOfHistory(history, name, await this.#deps.segmentSize())) return true;
    return this.#fills(name);
  }

  /** The history of a timeline that nobody took (rule 24): it leads those who restore on to the next one. */
  async #fills(name: string): Promise<boolean> {
    const file = parseWalName(name);
    if (file?.kind !== 'history') return false;
    const text = await readFileIfThere(path.join(this.#deps.dataDirectory, 'pg_wal', name));
    return text !== undefined && isFiller(file.timeline, text);
  }

  /** The asked file first; behind it the others that are ready. */
  async #ship(archive: Archive, directory: string, name: string): Promise<void> {
    const asked = this.#start(archive, directory, name);
    void this.#shipAhead(archive, directory, name);
    const identity = await asked;
    // PostgreSQL will not ask for it again; if it does, the archive is compared with.
    this.#answered.add(name);
    if (this.#shipped.get(name) === identity) this.#shipped.delete(name);
  }

  #start(archive: Archive, directory: string, name: string): Promise<Identity> {
    const running = this.#running.get(name);
    if (running) return running;
    const upload = this.#upload(archive, directory, name).finally(() => this.#running.delete(name));
    this.#running.set(name, upload);
    return upload;
  }

  async #upload(archive: Archive, directory: string, name: string): Promise<Identity> {
    const { signal } = this.#deps;
    const file = path.join(directory, name);
    const { ino, mtimeMs } = await stat(file);
    const identity = `${ino}:${mtimeMs}`;
    if (this.#shipped.get(name) === identity) return identity;
    const systemIdentifier = await this.#deps.systemIdentifier();
    const request = { config: archive.config, name, path: file, systemIdentifier };
    const outcome = await this.#deps.ship(request, signal).catch(async (error: unknown) => {
      if (error instanceof WalConflictError && (await this.#mayDiffer(archive, file, name))) return 'another';
      throw error;
    });
    this.#shipped.set(name, identity);
    this.#deps.log.debug({ wal: name, outcome }, 'WAL file archived');
    return identity;
  }

  /**
   * Of what fills a number and of what a timeline left incomplete the first one wins (rule 25), and what follows a switch in a segment means
   * nothing.
   */
  async #mayDiffer(archive: Archive, place: string, name: string): Promise<boolean> {
    const file = parseWalName(name);
    if (file?.kind === 'history') return isFiller(file.timeline, await readFile(place, 'utf8'));
    if (file?.kind !== 'segment') return file?.kind === 'partial';
    const stored = await getWal(archive, name, this.#deps.signal);
    return stored !== undefined && sameToSwitch(place, stored.content);
  }

  async #shipAhead(archive: Archive, directory: string, asked: string): Promise<void> {
    const limit = archive.config.wal.maxParallel;
    // With thousands that wait, to look what they are takes as long as to pack one of them.
    if (this.#running.size >= limit) return;
    try {
      const ready = new Set(await readyFiles(directory));
      for (const name of this.#answered) if (!ready.has(name)) this.#answered.delete(name);
      for (const name of ready) {
        if (this.#running.size >= limit || this.#deps.signal.aborted) return;
        if (name === asked || this.#answered.has(name)) continue;
        if (this.#shipped.has(name) || this.#running.has(name)) continue;
        if (!(await this.#belongs(name))) continue;
        // Each makes room for the next one. Its failure is told when PostgreSQL asks for this file.
        this.#start(archive, directory, name).then(
          () => this.#shipAhead(archive, directory, asked),
          () => undefined,
        );
      }
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'WAL files could not be shipped ahead');
    }
  }
}
