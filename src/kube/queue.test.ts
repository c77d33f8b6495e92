import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { WorkQueue, type RunResult } from './queue.ts';

interface Run {
  readonly key: string;
  readonly end: (result?: RunResult) => void;
  readonly fail: (error: Error) => void;
}

/** A queue whose runs end when the test says so. */
async function withQueue(
  options: { workers?: number; slowMs?: number },
  body: (queue: WorkQueue, runs: Run[], errors: string[]) => Promise<void>,
): Promise<void> {
  const runs: Run[] = [];
  const errors: string[] = [];
  const queue = new WorkQueue({
    workers: options.workers ?? 4,
    ...(options.slowMs === undefined ? {} : { slowMs: options.slowMs }),
    backOff: { initialMs: 10, maxMs: 50 },
    random: () => 0.5,
    onError: (key, _error, ms) => errors.push(`${key} in ${ms}`),
    handle: (key) =>
      new Promise((resolve, reject) => {
        runs.push({ key, end: resolve, fail: reject });
      }),
  });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  try {
    await body(queue, runs, errors);
  } finally {
    stop.abort();
    for (const run of runs) run.end();
    await running;
  }
}

// The clock stands still but for these turns, so that nothing depends on how busy the machine is.
beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());
const turn = (ms = 5) => jest.advanceTimersByTimeAsync(ms);
const keys = (runs: Run[]): string[] => runs.map(({ key }) => key);

test('wishes for one key while it runs fold into one further run, never beside the first', () =>
  withQueue({}, async (queue, runs) => {
    queue.add('a');
    await turn();
    queue.add('a');
    queue.add('a');
    await turn();
    expect(keys(runs)).toEqual(['a']);
    runs[0]?.end();
    await turn();
    expect(keys(runs)).toEqual(['a', 'a']);
  }));

test('no more runs at once than workers, and one that is stuck gives its place up', () =>
  withQueue({ workers: 1, slowMs: 30 }, async (queue, runs) => {
    queue.add('stuck');
    queue.add('next');
    await turn();
    expect(keys(runs)).toEqual(['stuck']);
    await turn(60);
    expect(keys(runs)).toEqual(['stuck', 'next']);
    queue.add('stuck');
    runs[1]?.end();
    await turn(20);
    expect(keys(runs)).toEqual(['stuck', 'next']);
  }));

test('a failed key comes again later and later, a good run forgets that', () =>
  withQueue({}, async (queue, runs, errors) => {
    queue.add('a');
    await turn();
    runs[0]?.fail(new Error('no'));
    await turn(25);
    runs[1]?.fail(new Error('no'));
    await turn(35);
    runs[2]?.end();
    await turn();
    queue.add('a');
    await turn();
    runs[3]?.fail(new Error('no'));
    await turn();
    expect(errors).toEqual(['a in 10', 'a in 20', 'a in 10']);
  }));

test('a wish for later is served later, or at once when somebody asks', () =>
  withQueue({}, async (queue, runs) => {
    queue.add('a');
    await turn();
    runs[0]?.end({ afterMs: 30 });
    await turn();
    expect(runs).toHaveLength(1);
    await turn(40);
    expect(runs).toHaveLength(2);
    runs[1]?.end({ afterMs: 60_000 });
    await turn();
    queue.add('a');
    await turn();
    expect(runs).toHaveLength(3);
  }));
