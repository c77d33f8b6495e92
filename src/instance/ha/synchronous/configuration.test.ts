import { describe, expect, test } from '@jest/globals';
import type { Member } from '../../../../state-machines/protocol/types.ts';
import type { Cluster } from '../../../api/generated/cluster.ts';
import type { StoredConfiguration } from '../core/lease-record.ts';
import {
  configurationFor,
  isWished,
  membersAfter,
  membersWith,
  modeOf,
  namesSetting,
  withConfiguration,
} from './configuration.ts';
import { flushedBy, InEffect, type Walsender } from './walsenders.ts';
import { asksForQuorum, wishedTarget } from '../../../postgres/synchronous-wish.ts';

const member = (instance: string, incarnation = '1'): Member => ({ instance, incarnation });
const listed = (instance: string, incarnation = '1') => ({
  ...member(instance, incarnation),
  address: `ip-${instance}`,
});
const a = (over: Partial<StoredConfiguration> = {}): StoredConfiguration => ({
  ...{ version: 1, epoch: 1, owner: member('c-1'), names: [member('c-2'), member('c-3')], external: [] },
  ...{ number: 1, method: 'any', leading: 0 },
  ...over,
});
const none = a({ number: 0, names: [] });

describe('mode', () => {
  test.each([
    ['nothing is listed', [], 'async'],
    ['all are synchronous', [a(), a()], 'sync'],
    ['one of before is not', [none, a()], 'async'],
  ] as const)('%s', (_, configurations, mode) => expect(modeOf({ configurations })).toBe(mode));
});

test('the way from asynchronous to synchronous keeps the time before in the list until the barrier', () => {
  const [before, after] = withConfiguration([], a({ version: 9 }));
  expect([before?.number, after?.number, after?.version]).toEqual([0, 1, 2]);
  expect(withConfiguration([a()], a()).map(({ version }) => version)).toEqual([1, 2]);
});

test('the setting has the names in their order, those of others around them, and is never empty', () => {
  expect(namesSetting(a({ external: ['x', 'y'], leading: 1 }), 'c')).toBe('ANY 1 ("x","c-2","c-3","y")');
  expect(namesSetting(a({ names: [] }), 'c')).toBe('ANY 1 ("c-placeholder")');
});

describe('the newest is what is wished for', () => {
  test.each([
    ['the same', a(), a(), true],
    ['in another order, where it does not count', a(), a({ names: [member('c-3'), member('c-2')] }), true],
    [
      'in another order, where it does',
      a({ method: 'first' }),
      a({ method: 'first', names: [member('c-3'), member('c-2')] }),
      false,
    ],
    ['another life of a member', a(), a({ names: [member('c-2', '2'), member('c-3')] }), false],
    ['of another primary', a(), a({ owner: member('c-2') }), false],
    ['nothing, and nothing is listed', undefined, none, true],
    ['something, and nothing is listed', undefined, a(), false],
    ['no longer synchronous', a(), none, false],
  ] as const)('%s: %#', (_, newest, wanted, expected) => expect(isWished(newest, wanted)).toBe(expected));
});

describe('members', () => {
  const record = { configurations: [a()], members: ['c-1', 'c-2', 'c-3'].map((name) => listed(name)) };
  const names = (joining: Member[], instances: string[], configurations = record.configurations): string[] =>
    membersAfter(
      { ...record, configurations },
      listed('c-1'),
      joining.map(({ instance, incarnation }) => listed(instance, incarnation)),
      instances,
    ).map(({ instance, incarnation }) => instance + incarnation);
  test('who is no instance any more stays as long as a configuration counts on it', () => {
    expect(names([], ['c-1', 'c-2'])).toEqual(['c-11', 'c-21', 'c-31']);
    expect(names([], ['c-1', 'c-2'], [a({ names: [member('c-2')] })])).toEqual(['c-11', 'c-21']);
  });
  test('another life of a named member waits until the one before has left the set', () => {
    expect(names([member('c-3', '2')], [])).toEqual(['c-11', 'c-21', 'c-31']);
    expect(names([member('c-3', '2')], [], [a({ names: [member('c-2')] })])).toEqual(['c-11', 'c-21', 'c-32']);
  });
  test('a new life that is a name of the next set takes the place of the one before, in one write', () => {
    const joining = new Map([['c-2', listed('c-2', '2')]]);
    expect(membersWith([listed('c-1'), listed('c-2')], [member('c-2', '2')], joining)).toEqual([
      listed('c-1'),
      listed('c-2', '2'),
    ]);
  });
});

describe('what the Cluster asks for', () => {
  const spec = (synchronous: object): Cluster['spec'] => ({
    instances: 3,
    postgresql: { synchronous: { method: 'any', number: 1, ...synchronous } },
  });
  const standbys = [{ ...member('c-2'), healthy: true, failureDomain: 'other' as const }];
  test.each([
    ['required asks for the quorum', {}, true, 1],
    ['unless it is switched off', { failoverQuorum: false }, false, 0],
    ['preferred does not', { dataDurability: 'preferred', failoverQuorum: true }, false, 0],
  ] as const)('%s', (_, section, quorum, number) => {
    expect(asksForQuorum(spec(section))).toBe(quorum);
    const target = wishedTarget(spec(section), standbys);
    expect(target.number).toBe(1);
    const wish = { target, quorum };
    expect(configurationFor(wish, { configurations: [a()] }, member('c-1'), 4)).toMatchObject({
      ...{ version: 2, epoch: 4, number },
    });
  });
});

describe('walsenders', () => {
  const sender = (name: string, over: Partial<Walsender> = {}): Walsender => ({
    ...{ pid: 1, name, state: 'streaming', reply: 'a', flushed: 10n },
    ...over,
  });
  test('a setting is in effect when each of before has gone or had two replies (rule 19 c)', () => {
    const inEffect = new InEffect([sender('c-2'), sender('c-3', { pid: 2 }), sender('x', { pid: 3, state: 'backup' })]);
    expect(inEffect.look([sender('c-2', { reply: 'b' }), sender('c-3', { pid: 2 })])).toBe(false);
    expect(inEffect.look([sender('c-2', { reply: 'b' })])).toBe(false);
    expect(inEffect.look([sender('c-2', { reply: 'c' })])).toBe(true);
  });
  test('a name counts once, whatever its case, and only with what it has flushed', () => {
    const seen = [sender('C-2'), sender('c-2', { pid: 2 }), sender('c-3', { flushed: 9n }), sender('c-4')];
    expect(flushedBy(a(), seen, 10n)).toEqual(['c-2']);
    expect(flushedBy(a(), [sender('c-2-joining')], 10n)).toEqual([]);
  });
});
