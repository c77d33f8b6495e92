import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import type { LeaseRecord } from '../../../state-machines/protocol/types.ts';
import { rejoin as rejoinTable } from '../../../state-machines/rejoin/machine.ts';
import { encodeControl } from '../../testing/simulation/control-file.ts';
import { type HaCore, newMemory } from './core/core.ts';
import type { Rebuild } from './rebuild.ts';
import { holderFrom } from './rejoin-facts.ts';
import { Rejoin } from './rejoin.ts';

const self = { instance: 'c-1', incarnation: 'one' };
const former = { instance: 'c-3', incarnation: 'three' };
const holder = { instance: 'c-2', incarnation: 'two' };

interface Stopped {
  readonly diverged?: typeof former;
  readonly running?: boolean;
  readonly unfinished?: 'rewind';
  readonly walLost?: string;
  /** The data directory. */
  readonly data?: string;
  /** pg_control as the manager's loop has seen it. */
  readonly control?: object;
  /** What the holder answers. */
  readonly report?: object;
}

/** A standby that is down; c-2 holds the lease. */
function stopped({
  diverged,
  running = false,
  unfinished,
  walLost,
  data = '/nonexistent',
  control = {},
  report,
}: Stopped) {
  const record: LeaseRecord = {
    ...{ uid: 'u', version: '1', clusterUid: 'cluster', systemIdentifier: 'system', epoch: 8, holder },
    ...{ configurations: [], members: [self, holder, former].map((member) => ({ ...member, address: '10.0.0.1' })) },
  };
  const memory = { ...newMemory(), ...(diverged && { diverged }), walLost };
  const said: unknown[] = [];
  const say = ({ rule }: { rule: string }): void => void said.push(rule);
  let woken = 0;
  const core = {
    ...{ clock: () => 100_000, memory, wake: () => (woken += 1) },
    view: () => ({ postmaster: { state: 'down' }, data: { state: 'valid', standby: true, major: 17, control } }),
    session: { query: () => Promise.reject(new Error('no server')) },
    life: { current: {}, set: () => undefined },
    state: {
      current: {
        ...self,
        clusterUid: 'cluster',
        systemIdentifier: 'system',
        promised: 7,
        configurationEpoch: 8,
        unfinished,
      },
    },
    peers: { ask: () => Promise.resolve(report) },
    store: { record, lastRecord: record, observed: { record, since: 99_000 }, apiAnswers: true },
    context: {
      log: { info: say, warn: say, debug: () => undefined },
      environment: { podName: 'c-1', podIp: '10.0.0.1', paths: { data } },
      cluster: { current: { spec: {} } },
      supervisor: { postgresPid: () => undefined },
    },
  } as unknown as HaCore;
  const rejoin = new Rejoin(core, { running } as Rebuild);
  return { rejoin, memory, said, woken: () => woken };
}

test('the primary changed while the data was made anew from it: the directory is started once more, to be judged by the new one', async () => {
  const { rejoin, memory, woken } = stopped({ diverged: former });
  await rejoin.facts(false);
  expect([memory.diverged, woken()]).toEqual([undefined, 1]);
});

test('the verdict stays while the primary does, while the copy is under way, and where bytes have changed', async () => {
  for (const { rejoin, memory } of [
    stopped({ diverged: holder }),
    stopped({ diverged: former, running: true }),
    stopped({ diverged: former, unfinished: 'rewind' }),
  ]) {
    const before = memory.diverged;
    await rejoin.facts(false);
    expect(memory.diverged).toBe(before);
  }
});

/** A copy in the making that was checkpointed at `checkpoint` of timeline 8, the holder's. */
async function aCopy(checkpoint: number): Promise<{ readonly data: string } & AsyncDisposable> {
  const data = await mkdtemp(path.join(os.tmpdir(), 'hwj-'));
  await mkdir(path.join(data, 'global'));
  const recovered = { minRecovery: 0, minRecoveryTimeline: 0 };
  const control = encodeControl({ state: 'in production', checkpoint, timeline: 8, ...recovered });
  await writeFile(path.join(data, 'global/pg_control'), control);
  await writeFile(path.join(data, 'PG_VERSION'), '17\n');
  await writeFile(path.join(data, 'standby.signal'), '');
  return { data, [Symbol.asyncDispose]: () => rm(data, { recursive: true }) };
}
const switches = [{ timeline: 7, end: '100' }];
const report = { primaryOf: 8, history: { systemIdentifier: 'system', timeline: 8, written: '900', switches } };

test('F24 a copy that has just taken the place of a diverged directory is judged by what it is, not by what was there', async () => {
  await using copy = await aCopy(500);
  // The manager's loop has seen the old directory last: timeline 7, beyond the fork.
  const control = { checkpointTimeline: 7, checkpoint: 400n };
  const { rejoin } = stopped({ data: copy.data, control, report });
  expect(await rejoin.facts(true)).toMatchObject({ ancestor: 'yes', postgres: 'down', unfinished: 'none' });
});

test.each([
  ['of its own timeline', 8, true],
  ['of the timeline before', 7, false],
  ['of which an older manager says nothing', undefined, true],
])('F24 a primary whose last checkpoint is one %s: when it can be rewound onto (%#)', (_, checkpoint, expected) => {
  const core = { store: { record: { epoch: 8 } }, state: { current: { systemIdentifier: 'system' } } };
  const history = { ...report.history, ...(checkpoint === undefined ? {} : { checkpoint }) };
  const answer = { ...report, history, stands: false, promised: 8, seen: 8 };
  const found = holderFrom(core as unknown as HaCore, { ...holder, address: '10.0.0.2' }, answer);
  expect(found?.checkpointed).toBe(expected);
});

/** A diverged directory of timeline 7 that can be rewound, and the program that would do it. */
async function aDivergedDirectory(): Promise<{ readonly data: string; readonly control: object } & AsyncDisposable> {
  const data = await mkdtemp(path.join(os.tmpdir(), 'hwj-'));
  for (const name of ['bin', 'pg_wal', 'pg_tblspc']) await mkdir(path.join(data, name));
  await writeFile(path.join(data, 'pg_wal', '000000070000000000000000'), '');
  const program = '#!/bin/sh\necho "pg_rewind (PostgreSQL) 17.2"\n';
  await writeFile(path.join(data, 'bin', 'pg_rewind'), program, { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = `${path.join(data, 'bin')}:${before}`;
  return {
    data,
    control: { checkpointTimeline: 7, checkpoint: 400n, walSegmentSize: 16 << 20, dataChecksums: 1 },
    async [Symbol.asyncDispose]() {
      process.env['PATH'] = before;
      await rm(data, { recursive: true });
    },
  };
}

test('F24 until the new primary has a checkpoint of its timeline nobody is rewound onto it; that it is waited for is said once', async () => {
  await using directory = await aDivergedDirectory();
  const history = { ...report.history, checkpoint: 7 };
  const { rejoin, said } = stopped({ ...directory, diverged: holder, report: { ...report, history } });
  for (let turn = 0; turn < 3; turn += 1) {
    await rejoin.tick(false);
    expect(await rejoin.facts(false)).toMatchObject({ ancestor: 'no', rewindable: 'unknown' });
  }
  expect(said).toEqual(['rewind-awaits-checkpoint']);
  history.checkpoint = 8;
  await rejoin.tick(false);
  expect(await rejoin.facts(false)).toMatchObject({ ancestor: 'no', rewindable: 'yes' });
  expect(said).toEqual(['rewind-awaits-checkpoint', 'not-on-the-history']);
});

test('F24 a directory that cannot be rewound does not wait for a checkpoint', async () => {
  await using directory = await aDivergedDirectory();
  await rm(path.join(directory.data, 'pg_wal', '000000070000000000000000'));
  const history = { ...report.history, checkpoint: 7 };
  const { rejoin, said } = stopped({ ...directory, diverged: holder, report: { ...report, history } });
  await rejoin.tick(false);
  expect(await rejoin.facts(false)).toMatchObject({ ancestor: 'no', rewindable: 'no' });
  expect(said).toEqual(['not-on-the-history']);
});

test('F24 a copy that was not completed is never rewound', async () => {
  const { rejoin } = stopped({ diverged: holder, report });
  expect(await rejoin.facts(true)).toMatchObject({ ancestor: 'no', rewindable: 'no' });
  expect(await rejoin.facts(false)).toMatchObject({ ancestor: 'no', rewindable: 'unknown' });
});

test('F27 a data directory whose WAL was lost with its volume is made anew, and nobody is asked where its log ends', async () => {
  const { rejoin } = stopped({ walLost: 'pg_wal leads nowhere', report });
  const facts = await rejoin.facts(false);
  expect(facts).toMatchObject({ data: 'damaged', postgres: 'down', ancestor: 'no' });
  expect(facts && rejoinTable.decide(facts).action).toEqual({ type: 'ask-for-clone', rule: 'lost' });
});
