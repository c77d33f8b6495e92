import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chown, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { endProgramsOf, processesOf } from '../postmaster/process.ts';
import { startMark } from './recovery-log.ts';

export interface RecoveryServerOptions {
  /** `postgres`, found on PATH, or its path. */
  readonly program: string;
  /** The user to run it as; default: ours. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly data: string;
  /** A private directory for configuration and socket; short, because of the limit for socket paths. */
  readonly directory: string;
  /** What the server says is added to it. */
  readonly logFile: string;
  readonly settings: Readonly<Record<string, string>>;
}

const port = 5432;
const pollInterval = 200;

/**
 * What a recovery that was killed has left: processes that notice the death each in its own time, and a lock file that PostgreSQL does not
 * start over when it is empty, or while its process id is alive, be it a zombie's or one that was used again.
 */
async function removeLeftovers(data: string): Promise<void> {
  await endProgramsOf(data);
  // What hangs in the kernel is for PostgreSQL to refuse.
  if (processesOf(await realpath(data)).length === 0) await rm(path.join(data, 'postmaster.pid'), { force: true });
}

/** A server that only we can reach, for as long as recovery takes. The configuration in the data directory is not used. */
export class RecoveryServer implements AsyncDisposable {
  readonly #options: RecoveryServerOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(options: RecoveryServerOptions, child: ChildProcess) {
    this.#options = options;
    this.#child = child;
    this.#ended = once(child, 'exit').catch(() => undefined);
  }

  static async start(options: RecoveryServerOptions): Promise<RecoveryServer> {
    const { data, directory, user, logFile } = options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (user) await chown(directory, user.uid, user.gid);
    const place = (name: string): string => path.join(directory, name);
    const settings = {
      hba_file: place('pg_hba.conf'),
      ident_file: place('pg_ident.conf'),
      unix_socket_directories: directory,
      listen_addresses: '',
      port: String(port),
      ssl: 'off',
      logging_collector: 'off',
      log_destination: 'stderr',
      log_timezone: 'UTC',
      lc_messages: 'C',
      jit: 'off',
      ...options.settings,
    };
    await removeLeftovers(data);
    await writeFile(place('postgresql.conf'), '', { mode: 0o644 });
    // The directory is ours alone, and nothing but its socket is listened on.
    await writeFile(place('pg_hba.conf'), 'local all all trust\n', { mode: 0o644 });
    await writeFile(place('pg_ident.conf'), '', { mode: 0o644 });
    // On the command line, because postgresql.auto.conf of the origin would win over a file.
    const overrides = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const args = ['-D', data, '-c', `config_file=${place('postgresql.conf')}`, ...overrides];
    await appendFile(logFile, startMark);
    const child = spawn(options.program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', ...user });
    const server = new RecoveryServer(options, child);
    child.on('error', (error) => (server.#failure = error));
    child.stderr.on('data', (chunk: Buffer) => {
      // Kept for the verification, also of a recovery that another run of this job finds finished.
      server.#writing = server.#writing.then(() => appendFile(logFile, chunk)).catch(() => undefined);
    });
    return server;
  }

  #writing: Promise<void> = Promise.resolve();
  /** When the program could not be started at all. */
  #failure: Error | undefined;

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  async log(): Promise<string> {
    await this.#writing;
    return readFile(this.#options.logFile, 'utf8').catch(() => '');
  }

  connection(database = 'postgres'): pg.ClientConfig {
    return { host: this.#options.directory, port, user: 'postgres', database, connectionTimeoutMillis: 5_000 };
  }

  /** Resolves to true when recovery is over and the server takes writes, to false when the server has ended instead. */
  async outOfRecovery(signal: AbortSignal): Promise<boolean> {
    while (this.running) {
      if (await this.#isPrimary()) return true;
      await Promise.race([delay(pollInterval), this.#ended]);
      signal.throwIfAborted();
    }
    if (this.#failure) throw new Error(`PostgreSQL could not be started: ${this.#failure.message}`);
    return false;
  }

  async #isPrimary(): Promise<boolean> {
    const client = new pg.Client(this.connection());
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ done: boolean }>('SELECT NOT pg_catalog.pg_is_in_recovery() AS done');
      return rows[0]?.done === true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Ends it with a shutdown checkpoint; throws when it did not end in good order. */
  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.#ended;
    if (this.#child.exitCode !== 0)
      throw new Error(`PostgreSQL did not shut down in good order (${this.#child.exitCode})`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.running) return;
    this.#child.kill('SIGQUIT');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#ended;
    clearTimeout(kill);
  }
}
