import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from '../log/logger.ts';
import { observePostmaster } from '../postmaster/observe.ts';

const startLimitMs = 60_000;
const stopLimitMs = 120_000;

/** A postgres that only we can reach: a unix socket in a directory of our own, no TLS, nothing archived. */
export class LocalServer implements AsyncDisposable {
  readonly socketDirectory: string;
  readonly #child: ChildProcess;
  readonly #port: number;

  private constructor(child: ChildProcess, socketDirectory: string, port: number) {
    this.#child = child;
    this.socketDirectory = socketDirectory;
    this.#port = port;
  }

  static async start(program: string, dataDirectory: string, port: number, log: Logger): Promise<LocalServer> {
    const sockets = await mkdtemp(path.join(os.tmpdir(), 'sql-'));
    const settings = {
      listen_addresses: '',
      unix_socket_directories: sockets,
      ssl: 'off',
      archive_mode: 'off',
      // The whole directory is synced once, when it is made.
      fsync: 'off',
      logging_collector: 'off',
      log_destination: 'stderr',
      port: String(port),
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(program, ['-D', dataDirectory, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said: string[] = [];
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      if (said.length > 20) said.shift();
      log.debug(line);
    });
    const server = new LocalServer(child, sockets, port);
    const deadline = Date.now() + startLimitMs;
    while ((await observePostmaster(dataDirectory)).state !== 'up') {
      if (child.exitCode !== null || Date.now() > deadline) {
        await server[Symbol.asyncDispose]();
        const fatal = said.findLast((line) => line.includes('FATAL')) ?? said.join(' ');
        throw new Error(`PostgreSQL did not start for the bootstrap: ${fatal}`);
      }
      await delay(10);
    }
    return server;
  }

  async #client(database: string): Promise<pg.Client> {
    const client = new pg.Client({ host: this.socketDirectory, port: this.#port, user: 'postgres', database });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Runs texts of SQL in one session, each as a script. The error names which of them failed. */
  async execute(database: string, scripts: readonly string[], what: string): Promise<void> {
    if (scripts.length === 0) return;
    const client = await this.#client(database);
    try {
      for (const [index, script] of scripts.entries()) {
        await client.query(script).catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          throw new Error(`${what} ${index + 1} of ${scripts.length} failed: ${reason}`);
        });
      }
    } finally {
      await client.end();
    }
  }

  /** A fast shutdown: everything is written after it, and nothing synced. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGINT');
    const timer = setTimeout(() => this.#child.kill('SIGQUIT'), stopLimitMs);
    const [code] = (await ended) as [number | null];
    clearTimeout(timer);
    if (code !== 0) throw new Error(`PostgreSQL ended with status ${code} after the bootstrap`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGQUIT');
      await ended;
    }
    await rm(this.socketDirectory, { recursive: true, force: true });
  }
}
