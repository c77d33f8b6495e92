import { type ChildProcess, spawn } from 'node:child_process';
import { type WorkerCommand, allocation } from '../programs/worker-command.ts';
import { type ShipAnswer, type ShipRequest, reviveFailure } from './ship-messages.ts';

export type Ship = (request: Omit<ShipRequest, 'id'>, signal: AbortSignal) => Promise<'created' | 'same'>;

interface Waiting {
  /** Who is to answer. */
  readonly child: ChildProcess;
  resolve(outcome: 'created' | 'same'): void;
  reject(error: Error): void;
}

/** Milliseconds without work after which the process ends. */
const keptFor = 30_000;

/**
 * Ships in a process of its own, which lives as long as there is WAL to ship and a little longer: hashing and compressing never hold up
 * the manager's heartbeats, and their memory is given back whole (ADR 9).
 */
export class Shipper implements Disposable {
  readonly #command: WorkerCommand;
  readonly #keptFor: number;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #next = 1;

  constructor(command: WorkerCommand, options: { readonly keptFor?: number } = {}) {
    this.#command = command;
    this.#keptFor = options.keptFor ?? keptFor;
  }

  /** Its process, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  readonly ship: Ship = async (request, signal) => {
    signal.throwIfAborted();
    clearTimeout(this.#idle);
    const child = (this.#child ??= this.#start());
    const id = this.#next++;
    const takenBack = (): void => this.#waiting.get(id)?.reject(signal.reason as Error);
    // The signal is the manager's life: what is not taken off it again stays for as long, and there is one for each segment.
    signal.addEventListener('abort', takenBack, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { child, resolve, reject });
        child.send({ ...request, id } satisfies ShipRequest, (error) => {
          if (error) reject(error);
        });
      });
    } finally {
      signal.removeEventListener('abort', takenBack);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#idle = setTimeout(() => this.#hangUp(), this.#keptFor).unref();
    }
  };

  #start(): ChildProcess {
    // Its collections are short and many: helpers would be waited for longer than they help.
    const child = spawn(this.#command.file, ['--single-threaded-gc', ...this.#command.args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, ...allocation },
    });
    child.on('message', (answer: ShipAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      if ('failure' in answer) waiting?.reject(reviveFailure(answer.failure));
      else waiting?.resolve(answer.outcome);
    });
    const gone = (why: string) => (): void => {
      if (this.#child === child) this.#child = undefined;
      const error = new Error(`the process that ships WAL ${why}`);
      // One that was sent home for idleness may end when its successor is at work.
      for (const waiting of this.#waiting.values()) if (waiting.child === child) waiting.reject(error);
    };
    child.once('error', gone('could not be started'));
    child.once('exit', (code, killed) => gone(`ended with ${killed ?? `exit code ${code}`}`)());
    child.unref();
    child.channel?.unref();
    return child;
  }

  #hangUp(): void {
    const child = this.#child;
    this.#child = undefined;
    if (child?.connected) child.disconnect();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idle);
    this.#hangUp();
  }
}
