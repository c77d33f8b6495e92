import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type TimelineHistory, isAncestor, timelineEnd } from '../../postgres/timeline.ts';
import { parseWalName, segmentName } from '../../postgres/wal-name.ts';
import { type KnownBackup, type RetentionFacts, isExpired, planRetention } from './plan.ts';
import { countPattern, parseWindow } from './policy.ts';

test.each([
  ['1d', 1],
  ['4w', 28],
  ['2m', 62],
  ['0d', undefined],
  ['30', undefined],
  ['d', undefined],
  ['01d', undefined],
  ['x1d', undefined],
  ['1days', undefined],
  ['120d', 120],
])('%s is %s days', (text, expected) => {
  expect(parseWindow(text)).toBe(expected === undefined ? undefined : expected * 86_400_000);
});

test('a count is from 1 to 999999', () => {
  expect(['1', '10', '999999'].every((text) => countPattern.test(text))).toBe(true);
  expect(['', '0', '01', '1000000', 'x1', '1x', '1.5'].some((text) => countPattern.test(text))).toBe(false);
});

const size = 16 << 20;
const day = 86_400_000;
const now = new Date('2026-06-30T00:00:00Z');
const one: TimelineHistory = { timeline: 1, switches: [] };
const lsnOf = (segment: number): bigint => BigInt(segment) * BigInt(size);

/** A backup that ended so many days ago; its WAL begins at a segment of that age. */
const aBackup = (ago: number, more: Partial<KnownBackup> = {}): KnownBackup => ({
  id: `b${ago}`,
  ended: new Date(now.getTime() - ago * day),
  timeline: 1,
  beginLsn: lsnOf(1000 - 10 * ago),
  endLsn: lsnOf(1000 - 10 * ago + 1),
  ...more,
});

const plan = (more: Partial<RetentionFacts>) =>
  planRetention({ policy: {}, now, backups: [], others: [], history: one, held: new Set(), ...more });

const daily = [1, 2, 3, 4, 5, 6, 7, 8].map((ago) => aBackup(ago));

test.each<[string, Partial<RetentionFacts>, string[], bigint | undefined]>([
  ['no policy: nothing goes', { backups: daily }, [], lsnOf(920)],
  [
    'a window, and the backup that reaches its beginning',
    { policy: { window: 3.5 * day }, backups: daily },
    ['b5', 'b6', 'b7', 'b8'],
    lsnOf(960),
  ],
  ['a count', { policy: { count: 2 }, backups: daily }, ['b3', 'b4', 'b5', 'b6', 'b7', 'b8'], lsnOf(980)],
  ['both: what either keeps', { policy: { window: 3.5 * day, count: 6 }, backups: daily }, ['b7', 'b8'], lsnOf(940)],
  [
    'all are old: the newest stays',
    { policy: { window: day / 2 }, backups: daily },
    ['b2', 'b3', 'b4', 'b5', 'b6', 'b7', 'b8'],
    lsnOf(990),
  ],
  [
    'a restore reads an old one',
    { policy: { count: 1 }, backups: daily, held: new Set(['b7']) },
    ['b2', 'b3', 'b4', 'b5', 'b6', 'b8'],
    lsnOf(930),
  ],
  [
    'an incremental one keeps its chain',
    {
      policy: { count: 1 },
      backups: [aBackup(1, { parent: 'b2' }), aBackup(2, { parent: 'b4' }), aBackup(3), aBackup(4)],
    },
    ['b3'],
    lsnOf(960),
  ],
  [
    'a backup is being taken: no WAL goes',
    { policy: { count: 1 }, backups: daily, others: [{ id: 'x', reason: 'being taken' }] },
    ['b2', 'b3', 'b4', 'b5', 'b6', 'b7', 'b8'],
    undefined,
  ],
  [
    'an incremental one is being taken: what it builds on stays',
    { policy: { count: 1 }, backups: daily.slice(0, 4), others: [{ id: 'x', reason: 'being taken', parent: 'b3' }] },
    ['b2', 'b4'],
    undefined,
  ],
  ['nothing there: nothing goes', { policy: { count: 1 } }, [], undefined],
  [
    'the beginning of the window is reached on the history that lives on, not on a branch that died',
    {
      policy: { window: 2.5 * day },
      history: { timeline: 3, switches: [{ timeline: 1, end: lsnOf(975), reason: '' }] },
      backups: [aBackup(1, { timeline: 3 }), aBackup(3, { timeline: 2 }), aBackup(4)],
    },
    ['b3'],
    lsnOf(960),
  ],
  [
    'the window begins just when a backup ended: that one reaches its beginning',
    { policy: { window: 2 * day }, backups: daily.slice(0, 4) },
    ['b3', 'b4'],
    lsnOf(980),
  ],
  [
    'none on the history that lives on reaches the beginning of the window: the newest of any does',
    {
      policy: { window: 2.5 * day },
      history: { timeline: 3, switches: [] },
      backups: [aBackup(1, { timeline: 3 }), aBackup(5, { timeline: 2 }), aBackup(6, { timeline: 2 })],
    },
    ['b6'],
    lsnOf(950),
  ],
  [
    'none lies on the history that lives on: a count keeps all',
    { policy: { count: 1 }, history: { timeline: 3, switches: [] }, backups: daily.slice(0, 3) },
    [],
    lsnOf(970),
  ],
  [
    'what an incremental one builds on has gone already',
    { policy: { count: 1 }, backups: [aBackup(1, { parent: 'gone' }), aBackup(2)] },
    ['b2'],
    lsnOf(990),
  ],
  ...[
    [aBackup(3, { id: 'y' }), aBackup(3, { id: 'z' })],
    [aBackup(3, { id: 'z' }), aBackup(3, { id: 'y' })],
  ].map((both): [string, Partial<RetentionFacts>, string[], bigint] => [
    'two that ended at once have an order too',
    { policy: { window: 2 * day }, backups: [aBackup(1), aBackup(2), ...both] },
    ['z', 'y'],
    lsnOf(980),
  ]),
])('%s', (_name, facts, remove, walBefore) => {
  const made = plan(facts);
  expect(made.remove).toEqual(remove);
  expect(made.walBefore).toBe(walBefore);
});

test('what is kept is kept for a reason, the first that holds', () => {
  const made = plan({
    policy: { window: 3 * day, count: 4 },
    backups: [aBackup(1), aBackup(2, { parent: 'b3' }), aBackup(3, { parent: 'b5' }), ...daily.slice(3)],
    held: new Set(['b2', 'b6']),
    others: [{ id: 'x', reason: 'being taken', parent: 'b8' }],
  });
  expect(Object.fromEntries(made.keep)).toEqual({
    b1: 'newest',
    b2: 'window',
    b3: 'anchor',
    b4: 'count',
    b5: 'chain',
    b6: 'restore',
    b8: 'chain',
  });
  expect(made.walKept).toBe('x: being taken');
  expect(Object.fromEntries(plan({ backups: daily.slice(0, 2) }).keep)).toEqual({ b1: 'newest', b2: 'window' });
  expect(plan({}).walKept).toBe('there is no complete backup');
});

test('a file goes only when all of it is before the position; history files stay', () => {
  const file = (name: string) => parseWalName(name)!;
  expect(isExpired(file(segmentName(1, 9n, size)), lsnOf(10), size)).toBe(true);
  expect(isExpired(file(segmentName(7, 9n, size)), lsnOf(10) - 1n, size)).toBe(false);
  expect(isExpired(file(`${segmentName(1, 9n, size)}.partial`), lsnOf(10), size)).toBe(true);
  expect(isExpired(file(`${segmentName(1, 10n, size)}.00000028.backup`), lsnOf(10), size)).toBe(false);
  expect(isExpired(file(segmentName(1, 300n, size)), lsnOf(301), size)).toBe(true);
  expect(isExpired(file(segmentName(1, 300n, size)), lsnOf(300), size)).toBe(false);
  expect(isExpired(file('00000002.history'), lsnOf(10_000), size)).toBe(false);
});

/** A life of a database: promotions fork timelines, now and then behind the end of the one before; backups are taken on the way. */
const lives = fc
  .array(
    fc.record({
      step: fc.constantFrom('backup', 'incremental', 'wal', 'promote', 'promote-behind'),
      segments: fc.integer({ min: 1, max: 6 }),
      hours: fc.integer({ min: 1, max: 60 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let [timeline, at, time] = [1, 10, now.getTime() - 60 * day];
    const switches: { timeline: number; end: bigint; reason: string }[] = [];
    const backups: (KnownBackup & { history: TimelineHistory })[] = [];
    const wal = new Set<string>();
    const write = (segments: number): void => {
      for (let turn = 0; turn < segments; turn++) wal.add(segmentName(timeline, BigInt(at++), size));
    };
    for (const { step, segments, hours } of steps) {
      time = Math.min(time + hours * 3_600_000, now.getTime());
      if (step === 'promote' || step === 'promote-behind') {
        const back = step === 'promote-behind' ? Math.min(segments, at - 10) : 0;
        at -= back;
        const fork = lsnOf(at);
        // What was left behind the fork belongs to nobody's history.
        while (switches.length > 0 && (switches.at(-1)?.end ?? 0n) > fork) {
          timeline = switches.pop()?.timeline ?? 1;
        }
        switches.push({ timeline, end: fork, reason: '' });
        timeline = 1 + Math.max(...[...wal].map((name) => Number.parseInt(name.slice(0, 8), 16)), timeline);
        write(1);
        continue;
      }
      const begin = at;
      write(segments);
      if (step === 'wal') continue;
      const parent = step === 'incremental' ? backups.at(-1)?.id : undefined;
      backups.push({
        id: `b${backups.length}`,
        ended: new Date(time),
        timeline,
        beginLsn: lsnOf(begin),
        endLsn: lsnOf(at),
        ...(parent === undefined ? {} : { parent }),
        history: { timeline, switches: [...switches] },
      });
    }
    return { backups, wal: [...wal], history: { timeline, switches }, end: at };
  });

const policies = fc
  .record({
    window: fc.option(
      fc.integer({ min: 1, max: 60 }).map((days) => days * day),
      { nil: undefined },
    ),
    count: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
  })
  .map(({ window, count }) => ({ ...(window !== undefined && { window }), ...(count !== undefined && { count }) }));

/** Segments from a backup's begin to the end of the history that are needed to restore it along that history. */
function neededFor(backup: KnownBackup, history: TimelineHistory, end: number): string[] {
  const names: string[] = [];
  for (let segment = Number(backup.beginLsn / BigInt(size)); segment < end; segment++) {
    const owner = history.switches.find((entry) => entry.timeline >= backup.timeline && entry.end > lsnOf(segment));
    names.push(segmentName(owner?.timeline ?? history.timeline, BigInt(segment), size));
  }
  return names;
}

test('over random lives: no point that the policy promises is lost, and no kept backup loses what it needs', () => {
  fc.assert(
    fc.property(lives, policies, fc.nat(), fc.boolean(), (life, policy, pick, holding) => {
      const held = new Set(
        holding && life.backups.length > 0 ? [life.backups[pick % life.backups.length]?.id ?? ''] : [],
      );
      const made = plan({ policy, backups: life.backups, history: life.history, held });
      const gone = new Set(made.remove);
      const kept = life.backups.filter(({ id }) => !gone.has(id));
      const expired = new Set(
        life.wal.filter((name) => {
          const file = parseWalName(name);
          return file !== undefined && made.walBefore !== undefined && isExpired(file, made.walBefore, size);
        }),
      );
      // Nothing is both kept and removed, nothing is forgotten.
      expect([...made.keep.keys(), ...made.remove].sort()).toEqual(life.backups.map(({ id }) => id).sort());
      // What restores read, and whole chains.
      for (const id of held) expect(gone.has(id)).toBe(false);
      for (const { parent } of kept) if (parent !== undefined) expect(gone.has(parent)).toBe(false);
      // Each kept backup can be made consistent; those of the current history can be rolled on to its end.
      for (const backup of kept) {
        for (let at = backup.beginLsn; at < backup.endLsn; at += BigInt(size)) {
          expect(expired.has(segmentName(backup.timeline, at / BigInt(size), size))).toBe(false);
        }
        if (!isAncestor(life.history, backup.timeline, backup.endLsn)) continue;
        for (const name of neededFor(backup, life.history, life.end)) expect(expired.has(name)).toBe(false);
      }
      // Each moment of the window that could be reached before can be reached still: by a backup that ended before it.
      const current = life.backups.filter(
        (b) => timelineEnd(life.history, b.timeline) !== undefined && isAncestor(life.history, b.timeline, b.endLsn),
      );
      if (policy.window !== undefined) {
        const begin = now.getTime() - policy.window;
        const reach = current.filter(({ ended }) => ended.getTime() <= begin);
        if (reach.length > 0) expect(reach.some(({ id }) => !gone.has(id))).toBe(true);
        for (const { id, ended } of life.backups) if (ended.getTime() > begin) expect(gone.has(id)).toBe(false);
      }
      const leastCount = Math.min(policy.count ?? 1, current.length);
      expect(current.filter(({ id }) => !gone.has(id)).length).toBeGreaterThanOrEqual(leastCount);
      if (policy.window === undefined && policy.count === undefined) expect(made.remove).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('after what a plan removes is gone, the same plan removes nothing more', () => {
  fc.assert(
    fc.property(lives, policies, (life, policy) => {
      const first = plan({ policy, backups: life.backups, history: life.history });
      const left = life.backups.filter(({ id }) => !first.remove.includes(id));
      const second = plan({ policy, backups: left, history: life.history });
      expect(second.remove).toEqual([]);
      expect(second.walBefore).toBe(first.walBefore);
    }),
    { numRuns: 300 },
  );
});
