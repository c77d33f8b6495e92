import { expect, test } from '@jest/globals';
import type { HaCore } from '../core/core.ts';
import type { Life } from '../core/life-file.ts';
import { Doorkeeper } from './doorkeeper.ts';

const self = { instance: 'c-1', incarnation: 'one' };
const standby = { instance: 'c-2', incarnation: 'two' };

/** A primary of a synchronous set that is about to be started; the test lets it come up, and its standby flush. */
function stopped(version: number, shutDown: boolean, number = 1) {
  const world = { now: 1000, up: false, flushed: '0/1' };
  const life = {
    current: {} as Life,
    set: (told: Life) => (life.current = told),
  };
  const configuration = { version: 1, epoch: 3, owner: self, names: [standby], external: [], number };
  const record = { epoch: 3, holder: self, configurations: [{ ...configuration, method: 'any', leading: 0 }] };
  const rows = (sql: string): unknown[] =>
    sql.includes('pg_stat_replication')
      ? [{ pid: 1, name: 'c-2', state: 'streaming', reply: null, flushed: world.flushed }]
      : [{ lsn: '0/5' }];
  const control = { state: shutDown ? 'shut down' : 'in production' };
  const core = {
    clock: () => world.now,
    life,
    wake: () => undefined,
    session: { query: (sql: string) => Promise.resolve(rows(sql)) },
    state: { current: { ...self, promised: 3, led: 3 } },
    store: { record, observed: { record } },
    view: () => ({
      program: { version },
      data: { state: 'valid', standby: false, control },
      postmaster: { pid: undefined },
      server: world.up ? { standby: false } : undefined,
    }),
    context: {
      log: { info: () => undefined },
      environment: { podName: 'c-1' },
      // This process stands for the postmaster.
      supervisor: { postgresPid: () => (world.up ? process.pid : undefined) },
    },
  } as unknown as HaCore;
  return { world, door: new Doorkeeper(core), successor: () => new Doorkeeper(core) };
}

test.each([
  ['15.12 after an orderly shutdown', 150012, true, true],
  ['15.13 after an orderly shutdown', 150013, true, false],
  ['17.4 after an orderly shutdown', 170004, true, true],
  ['17.5 after an orderly shutdown', 170005, true, false],
  ['17.5 after a crash', 170005, false, true],
  ['18.0 after an orderly shutdown', 180000, true, false],
])('%s (%d, shut down: %s): clients are refused: %s', (_, version, shutDown, refused) => {
  expect(stopped(version, shutDown).door.refuses).toBe(refused);
});

test('without synchronous standbys nobody is refused', () => {
  expect(stopped(150012, false, 0).door.refuses).toBe(false);
});

test('they are let in once the standby has what was there at the start', async () => {
  const { world, door } = stopped(150012, true);
  expect(door.refuses).toBe(true);
  world.up = true;
  await door.tick();
  expect(door.refuses).toBe(true);
  world.flushed = '0/5';
  await door.tick();
  expect(door.refuses).toBe(false);
});

test.each([
  ['after a crash they are let in after five seconds', 170005, false, false],
  ['in the race at the start the barrier alone counts', 150012, true, true],
])('%s', async (_, version, shutDown, refused) => {
  const { world, door } = stopped(version, shutDown);
  expect(door.refuses).toBe(true);
  world.up = true;
  await door.tick();
  world.now += 6000;
  await door.tick();
  expect(door.refuses).toBe(refused);
});

test('a manager that takes over goes on where the one before it was', async () => {
  const { world, door, successor } = stopped(170005, false);
  expect(door.refuses).toBe(true);
  world.up = true;
  await door.tick();
  const next = successor();
  expect(next.refuses).toBe(true);
  world.now += 6000;
  await next.tick();
  expect(next.refuses).toBe(false);
  expect(successor().refuses).toBe(false);
});
