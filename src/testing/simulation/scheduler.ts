/** Something that runs on a machine and can be stopped, continued and killed. What it had planned dies with it. */
export class Process {
  readonly pid: number;
  readonly name: string;
  /** The machine that it runs on. */
  readonly home: string;
  alive = true;
  paused = false;
  readonly backlog: (() => void)[] = [];

  constructor(pid: number, name: string, home: string) {
    this.pid = pid;
    this.name = name;
    this.home = home;
  }
}

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  readonly process: Process | undefined;
  cancelled: boolean;
}

export interface Cancel {
  cancel(): void;
}

const before = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** The turns of the real event loop: after one of them every promise that could go on has gone on. */
const realSetImmediate = globalThis.setImmediate;
const settled = (): Promise<void> => new Promise((resolve) => realSetImmediate(resolve));

/**
 * Time that passes from event to event. An event of a process runs the product's code, and the next event comes when that has come to
 * rest; events of the world itself only change the world and plan others.
 */
export class Scheduler {
  /** True time in milliseconds. */
  now = 0;
  events = 0;
  /** Whose event it is. */
  current: Process | undefined;
  readonly #heap: Planned[] = [];
  #order = 0;

  at(time: number, run: () => void, process?: Process): Cancel {
    const planned: Planned = { at: Math.max(time, this.now), order: this.#order++, run, process, cancelled: false };
    this.#push(planned);
    return {
      cancel: () => {
        planned.cancelled = true;
      },
    };
  }

  after(milliseconds: number, run: () => void, process?: Process): Cancel {
    return this.at(this.now + milliseconds, run, process);
  }

  /** Runs until `done`, or until nothing is planned before `end`. */
  async run(end: number, done: () => boolean): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end && !done(); next = this.#heap[0]) {
      this.#pop();
      if (next.cancelled) continue;
      this.now = next.at;
      await this.#perform(next);
    }
  }

  async #perform({ process, run }: Planned): Promise<void> {
    if (process === undefined) return run();
    if (!process.alive) return;
    if (process.paused) {
      process.backlog.push(run);
      return;
    }
    this.events++;
    this.current = process;
    run();
    await settled();
    this.current = undefined;
  }

  pause(process: Process): void {
    process.paused = true;
  }

  /** All that was due meanwhile is done at once, in its order. */
  resume(process: Process): void {
    if (!process.paused) return;
    process.paused = false;
    for (const run of process.backlog.splice(0)) this.at(this.now, run, process);
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let index = heap.push(planned) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || before(parent, planned)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const [child, at] = b !== undefined && before(b, a) ? [b, left + 1] : [a, left];
      if (before(last, child)) break;
      heap[index] = child;
      index = at;
    }
    heap[index] = last;
  }
}
