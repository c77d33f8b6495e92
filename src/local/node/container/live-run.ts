import { setTimeout as delay } from 'node:timers/promises';
import type { Run } from '../model/records.ts';
import { LogPump } from './log-file.ts';
import { findShim, mainProcess, readExit, type ExitFile } from './observe.ts';
import { isAlive, signalProcess } from './processes.ts';
import { killTree } from './tree.ts';

const pollMs = 250;

export interface LiveRunOptions {
  readonly run: Run;
  readonly directory: string;
  /** "<pod uid>/<container>/<attempt>" */
  readonly marker: string;
  /** Where only this container's processes work (tree.ts). */
  readonly workplaces: () => readonly string[];
  /** When this process started the shim itself. */
  readonly shimEnded?: Promise<void>;
}

/** A run of a container while it lives: started here, or found again after the node's process was away. */
export class LiveRun {
  readonly run: Run;
  readonly directory: string;
  /** Resolves when the whole tree has ended; undefined when its exit code is lost because the shim was killed. */
  readonly ended: Promise<ExitFile | undefined>;
  /** Resolves when the shim's process is known, or known to be gone. */
  readonly found: Promise<void>;
  readonly #options: LiveRunOptions;
  readonly #log: LogPump;
  readonly #closed = new AbortController();

  constructor(options: LiveRunOptions) {
    this.#options = options;
    this.run = options.run;
    this.directory = options.directory;
    this.#log = new LogPump(options.directory);
    this.found = this.#find();
    this.ended = this.#follow();
  }

  /** What is in the log when this resolves is everything written before the call. */
  flushLog(): Promise<void> {
    return this.#log.flush();
  }

  /** Asks the main process to end. One that has just been started may not be there yet: a second is enough for that. */
  async terminate(): Promise<void> {
    const { process } = this.run;
    for (let tried = 0; process && isAlive(process) && tried < 20; tried++) {
      const pid = await mainProcess(this.directory, process);
      if (pid !== undefined) return void signalProcess(pid, 'SIGTERM');
      await delay(50);
    }
  }

  /** Ends everything but the shim, which then notes how the main process ended. */
  async kill(): Promise<void> {
    const { marker, workplaces } = this.#options;
    const except = this.run.process ? [this.run.process.pid] : [];
    await killTree({ marker, directories: workplaces(), except });
  }

  /** Lets go of the run without touching it: the node's process ends, the container stays. */
  async release(): Promise<void> {
    this.#closed.abort();
    await this.#log.stop(false);
  }

  async #find(): Promise<void> {
    if (this.run.process) return;
    const shim = await findShim(this.directory, this.#options.marker);
    if (shim) this.run.process = shim;
  }

  async #follow(): Promise<ExitFile | undefined> {
    const { marker, workplaces, shimEnded } = this.#options;
    await this.found;
    await this.#log.start();
    if (shimEnded) await Promise.race([shimEnded, this.#whenClosed()]);
    while (!this.#closed.signal.aborted && this.run.process && isAlive(this.run.process)) {
      await delay(pollMs, undefined, { signal: this.#closed.signal }).catch(() => undefined);
    }
    if (this.#closed.signal.aborted) return new Promise(() => undefined);
    const exit = await readExit(this.directory);
    await killTree({ marker, directories: workplaces() });
    await this.#log.stop(true);
    return exit;
  }

  #whenClosed(): Promise<void> {
    const { signal } = this.#closed;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}
