// Real PostgreSQL for tests: the npm packages' binaries, made runnable, and temporary servers that are gone with their test.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import {
  chmod,
  chown,
  cp,
  link,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';

export type Major = 15 | 16 | 17 | 18;

/** A PostgreSQL that can be started here, and the unprivileged user to start it as when we are root. */
export interface Installation {
  readonly major: Major;
  /** Holds postgres, initdb and pg_ctl. */
  readonly bin: string;
  readonly user?: { readonly uid: number; readonly gid: number; readonly name: string };
}

const packages = path.join(path.dirname(path.dirname(import.meta.dirname)), 'node_modules');

async function unprivilegedUser(): Promise<Installation['user']> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const entry = passwd.find(([name]) => name === 'nobody');
  if (!entry) throw new Error('as root the tests need the user "nobody" in /etc/passwd');
  return { name: 'nobody', uid: Number(entry[2]), gid: Number(entry[3]) };
}

async function linkTree(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
    if (entry.isDirectory()) await linkTree(from, to);
    else if (entry.isFile()) await link(from, to).catch(() => cp(from, to));
  }
}

/**
 * The npm package's files in a place that an unprivileged user can read (the repository may lie below a root-only home), with
 * the library links that the package's install script would have made. Made once per version and kept in the temporary directory.
 */
export async function postgresInstallation(major: Major = 17): Promise<Installation> {
  const source = path.join(packages, `pg${major}`);
  const { version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as { version: string };
  const user = await unprivilegedUser();
  const target = path.join(os.tmpdir(), `howdah-test-postgres-${process.getuid?.() ?? 0}-${version}`);
  const bin = path.join(target, 'native/bin');
  const found: string[] = await readdir(bin).catch(() => []);
  if (!found.includes('postgres')) {
    const staging = await mkdtemp(`${target}-`);
    await linkTree(path.join(source, 'native'), path.join(staging, 'native'));
    const links = JSON.parse(await readFile(path.join(source, 'native/pg-symlinks.json'), 'utf8')) as {
      source: string;
      target: string;
    }[];
    for (const { source: to, target: from } of links) {
      const place = path.join(staging, from);
      await symlink(path.relative(path.dirname(place), path.join(staging, to)), place).catch(() => undefined);
    }
    await chmod(staging, 0o755);
    // A parallel test may have been first; then its copy serves.
    await rename(staging, target).catch(() => rm(staging, { recursive: true, force: true }));
  }
  return { major, bin, ...(user ? { user } : {}) };
}

/** A temporary directory that the server's user owns; short, because a unix socket's path has at most 107 bytes. */
export async function temporaryDirectory(installation: Installation, prefix = 'hwd-'): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), prefix));
  if (installation.user) await chown(directory, installation.user.uid, installation.user.gid);
  return directory;
}

/** Runs a program of the installation as its user; rejects with its output when it fails. */
export async function runProgram(
  installation: Installation,
  program: string,
  args: readonly string[],
): Promise<string> {
  const child = spawn(path.join(installation.bin, program), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    ...(installation.user ? { uid: installation.user.uid, gid: installation.user.gid } : {}),
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${output}`);
  return output;
}

export interface TemporaryPostgresOptions {
  readonly major?: Major;
  /** Lines for postgresql.conf; values are quoted for you. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines of pg_hba.conf; default: trust on the unix socket, nothing else. */
  readonly hba?: readonly string[];
  readonly initdb?: readonly string[];
  /** An existing data directory (of the same major, owned by the server's user) instead of a new one. */
  readonly dataDirectory?: string;
}

export interface TemporaryPostgres extends AsyncDisposable {
  readonly installation: Installation;
  /** Holds everything of this server; removed at the end. */
  readonly directory: string;
  readonly dataDirectory: string;
  /** Unix socket directory: `host` of a connection. */
  readonly socketDirectory: string;
  readonly port: number;
  readonly pid: number;
  connection(database?: string): pg.ClientConfig;
  query<R extends pg.QueryResultRow = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<R[]>;
  /** What the server has written to its log so far. */
  log(): Promise<string>;
  start(): Promise<void>;
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
}

class Server implements TemporaryPostgres {
  readonly installation: Installation;
  readonly directory: string;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly port = 5432;
  #child: ChildProcess | undefined;

  constructor(installation: Installation, directory: string, dataDirectory: string) {
    this.installation = installation;
    this.directory = directory;
    this.dataDirectory = dataDirectory;
    this.socketDirectory = directory;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('PostgreSQL is not running');
    return this.#child.pid;
  }

  connection(database = 'postgres'): pg.ClientConfig {
    return { host: this.socketDirectory, port: this.port, user: 'postgres', database };
  }

  async query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]> {
    const client = new pg.Client(this.connection());
    // A server that is killed meanwhile ends the query, not the test's process.
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<R>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  log(): Promise<string> {
    return readFile(path.join(this.directory, 'log'), 'utf8');
  }

  async start(): Promise<void> {
    const log = openSync(path.join(this.directory, 'log'), 'a');
    const user = this.installation.user;
    const child = spawn(path.join(this.installation.bin, 'postgres'), ['-D', this.dataDirectory], {
      stdio: ['ignore', log, log],
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      ...(user ? { uid: user.uid, gid: user.gid } : {}),
    });
    closeSync(log);
    this.#child = child;
    const deadline = Date.now() + 30_000;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}: ${await this.log()}`);
      const answered = await this.query('SELECT 1').then(
        () => true,
        () => false,
      );
      if (answered) return;
      if (Date.now() > deadline) throw new Error(`postgres does not answer: ${await this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'exit');
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await closed;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('immediate');
    await rm(this.directory, { recursive: true, force: true });
  }
}

const quote = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/**
 * A running server of its own. `await using server = await temporaryPostgres()` stops it and removes its files at the end of the
 * test. Durability is off unless `settings` says otherwise; `initdb` takes about half a second.
 */
export async function temporaryPostgres(options: TemporaryPostgresOptions = {}): Promise<TemporaryPostgres> {
  const installation = await postgresInstallation(options.major ?? 17);
  const directory = await temporaryDirectory(installation);
  const dataDirectory = options.dataDirectory ?? path.join(directory, 'data');
  const server = new Server(installation, directory, dataDirectory);
  try {
    if (options.dataDirectory === undefined) {
      await runProgram(installation, 'initdb', [
        ...['-D', dataDirectory, '--username=postgres', '--auth=trust', '--no-sync', '--no-locale', '--encoding=UTF8'],
        ...(options.initdb ?? []),
      ]);
    }
    const settings: Record<string, string> = {
      listen_addresses: '',
      unix_socket_directories: server.socketDirectory,
      fsync: 'off',
      jit: 'off',
      shared_buffers: '16MB',
      ...options.settings,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quote(value)}\n`);
    await writeFile(path.join(dataDirectory, 'postgresql.auto.conf'), lines.join(''));
    await writeFile(
      path.join(dataDirectory, 'pg_hba.conf'),
      (options.hba ?? ['local all all trust', 'local replication all trust']).map((line) => `${line}\n`).join(''),
    );
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
