import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Standby, type SynchronousSpec, legacyTarget, standbyNames, synchronousTarget } from './target.ts';

const standby = (instance: string, over: Partial<Standby> = {}): Standby => ({
  instance,
  incarnation: '1',
  healthy: true,
  failureDomain: 'other',
  ...over,
});
const aSpec = (over: Partial<SynchronousSpec> = {}): SynchronousSpec => ({
  method: 'any',
  number: 1,
  dataDurability: 'required',
  standbyNamesPre: [],
  standbyNamesPost: [],
  ...over,
});
const sick = { healthy: false };
const near = { failureDomain: 'same' } as const;
const preferred = { dataDurability: 'preferred' } as const;

const table: [title: string, spec: Partial<SynchronousSpec>, standbys: Standby[], names: string, mode: string][] = [
  ['healthy ones', {}, [standby('c-2'), standby('c-3')], 'ANY 1 ("c-2","c-3")', 'sync'],
  ['first', { method: 'first', number: 2 }, [standby('c-3'), standby('c-2')], 'FIRST 2 ("c-2","c-3")', 'sync'],
  ['healthy before unhealthy', {}, [standby('c-2', sick), standby('c-3')], 'ANY 1 ("c-3","c-2")', 'sync'],
  ['required is not relaxed', { number: 2 }, [standby('c-2')], 'ANY 2 ("c-2")', 'sync'],
  ['required with nobody', {}, [], 'ANY 1 ("c-placeholder")', 'sync'],
  [
    'others’ names',
    { standbyNamesPre: ['x'], standbyNamesPost: ['y"'] },
    [standby('c-2')],
    'ANY 1 ("x","c-2","y""")',
    'sync',
  ],
  ['cut', { maxStandbyNamesFromCluster: 1 }, [standby('c-2', sick), standby('c-3')], 'ANY 1 ("c-3")', 'sync'],
  ['cut to none', { maxStandbyNamesFromCluster: 0 }, [standby('c-2')], 'ANY 1 ("c-placeholder")', 'sync'],
  ['preferred, all there', preferred, [standby('c-2'), standby('c-3')], 'ANY 1 ("c-2","c-3")', 'async'],
  ['preferred, fewer', { ...preferred, number: 2 }, [standby('c-2'), standby('c-3', sick)], 'ANY 1 ("c-2")', 'async'],
  ['healthy before unhealthy, in any order', {}, [standby('c-3'), standby('c-2', sick)], 'ANY 1 ("c-3","c-2")', 'sync'],
  [
    'preferred, others’ names count',
    { ...preferred, number: 4, standbyNamesPre: ['x'], standbyNamesPost: ['y'] },
    [standby('c-2')],
    'ANY 3 ("x","c-2","y")',
    'async',
  ],
  ['preferred, nobody', preferred, [standby('c-2', sick)], '', 'async'],
];

test.each(table)('%s', (_, spec, standbys, names, mode) => {
  const target = synchronousTarget(aSpec(spec), standbys, false);
  expect(standbyNames(target, 'c')).toBe(names);
  expect(target.mode).toBe(mode);
});

describe('failure domains', () => {
  const both = [standby('c-2', near), standby('c-3')];
  test.each([
    ['only others where they suffice', {}, both, ['c-3'], undefined],
    ['all where they do not (required)', { number: 2 }, both, ['c-2', 'c-3'], 'InsufficientCrossDomainReplicas'],
    ['one suffices (preferred)', { ...preferred, number: 2 }, both, ['c-3'], undefined],
    [
      'those that are known to be others where they suffice',
      {},
      [standby('c-2', { failureDomain: 'unknown' }), standby('c-3')],
      ['c-3'],
      undefined,
    ],
    [
      'not known',
      { number: 2 },
      [standby('c-2', { failureDomain: 'unknown' }), standby('c-3')],
      ['c-2', 'c-3'],
      'TopologyNotExtracted',
    ],
  ] as const)('%s', (_, spec, standbys, names, topology) => {
    const target = synchronousTarget(aSpec(spec), standbys, true);
    expect(target.names.map(({ instance }) => instance)).toEqual(names);
    expect(target.topology).toBe(topology);
  });
});

describe('minSyncReplicas and maxSyncReplicas', () => {
  test.each([
    ['as many as may be', 1, 2, [standby('c-2'), standby('c-3')], 'ANY 2 ("c-2","c-3")'],
    ['no more than the maximum', 1, 1, [standby('c-2'), standby('c-3')], 'ANY 1 ("c-2","c-3")'],
    ['fewer than the minimum', 2, 2, [standby('c-2'), standby('c-3', sick)], 'ANY 1 ("c-2")'],
    ['by name, in any order', 1, 1, [standby('c-3'), standby('c-2')], 'ANY 1 ("c-2","c-3")'],
    ['nobody', 1, 1, [standby('c-2', sick)], ''],
  ] as const)('%s', (_, minSyncReplicas, maxSyncReplicas, standbys, names) => {
    expect(standbyNames(legacyTarget({ minSyncReplicas, maxSyncReplicas }, standbys, false), 'c')).toBe(names);
  });
});

describe('a target, in full', () => {
  const nobody = { mode: 'async', method: 'any', number: 0, names: [], pre: [], post: [] };
  const topology = 'InsufficientCrossDomainReplicas';
  const legacy = { minSyncReplicas: 1, maxSyncReplicas: 1 };
  const one = [standby('c-2', near)];
  test('of nobody', () => {
    expect(synchronousTarget(aSpec(preferred), [], false)).toStrictEqual(nobody);
    expect(synchronousTarget(aSpec(preferred), [], true)).toStrictEqual({ ...nobody, topology });
    expect(synchronousTarget(aSpec({ ...preferred, method: 'first' }), [], false)).toStrictEqual(nobody);
    expect(legacyTarget(legacy, [], false)).toStrictEqual(nobody);
    expect(legacyTarget({ minSyncReplicas: 0, maxSyncReplicas: 0 }, one, false)).toStrictEqual(nobody);
    expect(legacyTarget(legacy, [], true)).toStrictEqual({ ...nobody, topology });
  });
  test('of one', () => {
    const some = { ...nobody, number: 1, names: one };
    expect(synchronousTarget(aSpec(), one, false)).toStrictEqual({ ...some, mode: 'sync' });
    expect(synchronousTarget(aSpec(preferred), one, true)).toStrictEqual({ ...some, topology });
    expect(legacyTarget(legacy, one, false)).toStrictEqual(some);
    expect(legacyTarget(legacy, one, true)).toStrictEqual({ ...some, topology });
  });
  test('is written as empty when it asks for nobody or names nobody', () => {
    const target = legacyTarget(legacy, one, false);
    expect(standbyNames({ ...target, number: 0 }, 'c')).toBe('');
    expect(standbyNames({ ...target, names: [] }, 'c')).toBe('');
  });
});

test('with required the names are never empty and the number is never lowered', () => {
  const anyStandby = fc.record({
    instance: fc.constantFrom('c-1', 'c-2', 'c-3', 'c-4'),
    incarnation: fc.constant('1'),
    healthy: fc.boolean(),
    failureDomain: fc.constantFrom('other' as const, 'same' as const, 'unknown' as const),
  });
  fc.assert(
    fc.property(
      fc.array(anyStandby),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(2),
      fc.boolean(),
      (all, number, most, far) => {
        const target = synchronousTarget(aSpec({ number, maxStandbyNamesFromCluster: most }), all, far);
        expect(target).toMatchObject({ mode: 'sync', number });
        expect(standbyNames(target, 'c')).toMatch(/^ANY [1-3] \(".+"\)$/);
      },
    ),
  );
});
