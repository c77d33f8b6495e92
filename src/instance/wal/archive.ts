import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { ObjectStoreError } from '../../objectstore/errors.ts';
import { type TimelineHistory, isFileOfHistory } from '../../postgres/timeline.ts';
import { parseWalName } from '../../postgres/wal-name.ts';
import { readFileIfThere } from '../files.ts';
import { isFiller } from '../ha/history-files.ts';
import type { ArchiveOutcome, WalArchiver } from '../wal-port.ts';
import type { Archive, ArchiveSource } from './archive-source.ts';
import type { ArchivingReporter } from './condition.ts';
import { NotOwnedError, takeOwnership } from './ownership.ts';
import { readyFiles } from './ready.ts';
import type { Ship } from './shipper.ts';
import { WalConflictError } from './wal-objects.ts';

export interface ArchiverDeps {
  /** PGDATA. */
  readonly dataDirectory: string;
  readonly source: Pick<ArchiveSource, 'get' | 'invalidate'>;
  /** Only the primary writes to the archive. */
  readonly isPrimary: () => boolean;
  readonly systemIdentifier: () => Promise<string>;
  /** History of the timeline that is written now; undefined while it is not known. */
  readonly history: () => Promise<TimelineHistory | undefined>;
  readonly segmentSize: () => Promise<number>;
  readonly skipEmptyCheck: () => boolean;
  /** Stores a file; see Shipper. */
  readonly ship: Ship;
  readonly reporter: Pick<ArchivingReporter, 'report'>;
  readonly log: Logger;
  /** The manager's life: an upload outlives the request that began it. */
  readonly signal: AbortSignal;
}

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
  /** The archive whose owner we are known to be. */
  #owned: Archive | undefined;
  #owning: Promise<void> | undefined;
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

  async archive(file: string, signal: AbortSignal): Promise<ArchiveOutcome> {
    const name = path.basename(file);
    const { source, reporter, log } = this.#deps;
    try {
      if (parseWalName(name) === undefined) throw new Error(`"${name}" is not the name of a WAL file`);
      const archive = await source.get(signal);
      if (!archive) {
        reporter.report({ state: 'not-configured' });
        return { outcome: 'skipped', reason: 'no archive is configured' };
      }
      if (!this.#deps.isPrimary()) return { outcome: 'failed', message: 'this instance is not the primary' };
      if (!(await this.#belongs(name))) {
        log.warn({ wal: name }, 'Not archived: the file is not on the history of the current timeline');
        return { outcome: 'skipped', reason: 'the file is not on the history of the current timeline' };
      }
      await this.#own(archive, signal);
      await this.#shipOrYield(archive, path.dirname(file), name);
      this.#stats = { ...this.#stats, lastArchivedWal: name, lastArchivedAt: new Date() };
      reporter.report({ state: 'working' });
      return { outcome: 'archived' };
    } catch (error) {
      return this.#failed(name, error);
    }
  }

  /** Opens the archive and claims it, and says how that went; true when nothing is in the way of the first segment. */
  async check(signal: AbortSignal): Promise<boolean> {
    const { source, reporter, log, dataDirectory } = this.#deps;
    try {
      const archive = await source.get(signal);
      if (!archive) return true;
      await this.#own(archive, signal);
      // Of what waits already PostgreSQL's own tries tell.
      if ((await readyFiles(path.join(dataDirectory, 'pg_wal'))).length === 0) reporter.report({ state: 'working' });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#refresh(error);
      log.warn({ err: error }, 'The WAL archive cannot be used');
      reporter.report({ state: 'failing', message: error instanceof Error ? error.message : String(error) });
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
    const alarm = error instanceof WalConflictError || error instanceof NotOwnedError;
    this.#deps.log[alarm ? 'error' : 'warn']({ wal: name, err: error }, 'WAL file was not archived');
    this.#deps.reporter.report({ state: 'failing', message });
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

  /** Of fillers the first one wins, and a real history that came before it does (rule 25). */
  async #shipOrYield(archive: Archive, directory: string, name: string): Promise<void> {
    try {
      await this.#ship(archive, directory, name);
    } catch (error) {
      if (!(error instanceof WalConflictError && (await this.#fills(name)))) throw error;
    }
  }

  async #own(archive: Archive, signal: AbortSignal): Promise<void> {
    if (this.#owned === archive) return;
    const { dataDirectory, systemIdentifier, skipEmptyCheck } = this.#deps;
    this.#owning ??= (async () => {
      const check = { archive, dataDirectory, systemIdentifier: await systemIdentifier() };
      await takeOwnership({ ...check, skipEmptyCheck: skipEmptyCheck() }, signal);
      this.#owned = archive;
    })().finally(() => (this.#owning = undefined));
    await this.#owning;
  }

  /** The asked file first; behind it the others that are ready. */
  async #ship(archive: Archive, directory: string, name: string): Promise<void> {
    const asked = this.#start(archive, directory, name);
    void this.#shipAhead(archive, directory, name);
    const identity = await asked;
    // PostgreSQL will not ask for it again; if it does, the archive is compared with.
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
    const outcome = await this.#deps.ship({ config: archive.config, name, path: file, systemIdentifier }, signal);
    this.#shipped.set(name, identity);
    this.#deps.log.debug({ wal: name, outcome }, 'WAL file archived');
    return identity;
  }

  async #shipAhead(archive: Archive, directory: string, asked: string): Promise<void> {
    const limit = archive.config.wal.maxParallel;
    try {
      for (const name of await readyFiles(directory)) {
        if (this.#running.size >= limit || this.#deps.signal.aborted) return;
        if (name === asked || this.#shipped.has(name) || this.#running.has(name)) continue;
        if (!(await this.#belongs(name))) continue;
        // Its failure is told when PostgreSQL asks for this file.
        this.#start(archive, directory, name).catch(() => undefined);
      }
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'WAL files could not be shipped ahead');
    }
  }
}
