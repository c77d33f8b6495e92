import { expect, test } from '@jest/globals';
import type { CatalogEntry } from '../backup/catalog.ts';
import { chooseBackup } from './choose.ts';
import { parseHistory } from '../../postgres/timeline.ts';
import { readRecoveryLog, startMark } from './recovery-log.ts';
import { parseTarget, parseTargetTime, targetSettings } from './target.ts';
import { HopelessError } from './hopeless.ts';
import { RecoveryTargetError, explainFailure, verifyEnd } from './verify.ts';

test.each([
  ['2026-11-23T15:00:00Z', '2026-11-23 15:00:00+00:00', '2026-11-23T15:00:00.000Z'],
  ['2026-11-23T15:00:00.123456+02:00', '2026-11-23 15:00:00.123456+02:00', '2026-11-23T13:00:00.123Z'],
  ['2026-11-23 15:00:00.5-03', '2026-11-23 15:00:00.5-03:00', '2026-11-23T18:00:00.500Z'],
  ['2026-11-23 15:00:00', '2026-11-23 15:00:00+00:00', '2026-11-23T15:00:00.000Z'],
  ['2026-11-23 15:00 UTC', '2026-11-23 15:00:00+00:00', '2026-11-23T15:00:00.000Z'],
  ['2026-11-23 15:00:00+0530', '2026-11-23 15:00:00+05:30', '2026-11-23T09:30:00.000Z'],
])('the time %s', (text, forPostgres, utc) => {
  expect(parseTargetTime(text)).toEqual({ text: forPostgres, time: new Date(utc) });
});

test.each([
  '',
  'now',
  'yesterday',
  '2026-13-01 00:00:00',
  '2026-11-23',
  '23.11.2026 15:00:00',
  "2026-11-23 15:00:00'; x",
])('"%s" is not a time', (text) => expect(() => parseTargetTime(text)).toThrow('targetTime'));

test('one target at most, and every other parameter is emptied before it', () => {
  expect(() => parseTarget({ targetXID: '5', targetImmediate: true })).toThrow('only one of');
  expect(() => parseTarget({ targetXID: '5x' })).toThrow('targetXID');
  expect(() => parseTarget({ targetTLI: 'x' })).toThrow('targetTLI');
  const settings = targetSettings(parseTarget({ targetLSN: '0/3000148', exclusive: true, targetTLI: '10' }));
  expect(Object.entries(settings).slice(0, 5)).toEqual([
    ['recovery_target', ''],
    ['recovery_target_time', ''],
    ['recovery_target_xid', ''],
    ['recovery_target_name', ''],
    ['recovery_target_lsn', '0/3000148'],
  ]);
  expect(settings).toMatchObject({ recovery_target_inclusive: 'off', recovery_target_timeline: '10' });
});

const entry = (id: string, endTime: string, endXlog: string, timeline = 1): CatalogEntry => ({
  id,
  info: { status: 'DONE', endTime: new Date(endTime), endXlog, timeline, backupName: `name-${id}` },
});
const backups = [
  entry('1', '2026-01-01T00:00:00Z', '0/3000000'),
  entry('2', '2026-01-02T00:00:00Z', '0/5000000'),
  entry('3', '2026-01-03T00:00:00Z', '0/7000000', 2),
];
const catalog = { backups, unreadable: ['9: broken'] };

test.each([
  ['the newest for the end of the archive', {}, '3'],
  ['the newest before a time', { targetTime: '2026-01-02T12:00:00Z' }, '2'],
  ['one that ended exactly at the time', { targetTime: '2026-01-02T00:00:00Z' }, '2'],
  ['the newest before an LSN', { targetLSN: '0/4000000' }, '1'],
  ['the one asked for by id', { backupID: '1', targetXID: '7' }, '1'],
  ['the one asked for by name', { backupID: 'name-2', targetImmediate: true }, '2'],
])('%s', (_, spec, expected) => {
  expect(chooseBackup(catalog, parseTarget(spec), undefined).id).toBe(expected);
});

test('a backup of another history is not chosen', () => {
  const history = parseHistory(3, '1\t0/6000000\tx\n');
  expect(chooseBackup(catalog, parseTarget({ targetTLI: '3' }), history).id).toBe('2');
});

test.each([
  [
    'nothing before the target',
    { targetTime: '2025-01-01T00:00:00Z' },
    'the earliest ended at 2026-01-01T00:00:00.000Z; not readable: 9: broken',
  ],
  ['an unknown id', { backupID: '7' }, 'only 1, 2, 3'],
  ['a name without a backup', { targetName: 'x' }, 'backupID must say'],
])('%s is said', (_, spec, message) => {
  expect(() => chooseBackup(catalog, parseTarget(spec), undefined)).toThrow(message);
});

const log = `2026-11-23 15:00:00.000 UTC [1] LOG:  starting point-in-time recovery
2026-11-23 15:00:00.000 UTC [1] LOG:  recovery stopping before commit of transaction 745, time 2026-01-02 10:00:00.5+00
2026-11-23 15:00:00.000 UTC [1] LOG:  redo done at 0/30001E8 system usage: x
2026-11-23 15:00:00.000 UTC [1] LOG:  last completed transaction was at log time 2026-01-02 09:59:59.123456+00
2026-11-23 15:00:00.000 UTC [1] LOG:  selected new timeline ID: 10
`;
const end = { lsn: 0x30001e8n, segmentSize: 16 << 20 };
const nothing = { newest: undefined, gap: undefined };

test('what PostgreSQL says of a recovery is read', () => {
  expect(readRecoveryLog(log)).toEqual({
    stopping: 'recovery stopping before commit of transaction 745, time 2026-01-02 10:00:00.5+00',
    stoppingTime: new Date('2026-01-02T10:00:00.500Z'),
    lastTransaction: new Date('2026-01-02T09:59:59.123Z'),
    redoDone: 0x30001e8n,
    newTimeline: 10,
    fatal: [],
  });
  const twice = `x FATAL:  old\n${startMark}y FATAL:  the database system is starting up\ny FATAL:  new\n`;
  expect(readRecoveryLog(twice).fatal).toEqual(['new']);
});

test.each([
  ['time met', { targetTime: '2026-01-02T10:00:00Z' }, log, undefined],
  ['stopped before the time', { targetTime: '2026-01-02T11:00:00Z' }, log, 'did not end at 2026-01-02 11:00:00+00:00'],
  ['went past the time', { targetTime: '2026-01-02T09:00:00Z' }, log, 'was replayed'],
  ['nothing said', { targetTime: '2026-01-02T10:00:00Z' }, '', 'did not say'],
  ['transaction met', { targetXID: '745', backupID: '1' }, log, undefined],
  ['another transaction', { targetXID: '74', backupID: '1' }, log, 'did not end at transaction 74'],
  ['LSN not met', { targetLSN: '0/4000000' }, log, 'it ended at 0/30001E8'],
  ['name not met', { targetName: 'n', backupID: '1' }, log, 'restore point "n"'],
  ['the end of the archive', {}, log, undefined],
])('%s', (_, spec, text, message) => {
  const verify = (): void => verifyEnd(parseTarget(spec), readRecoveryLog(text), end, nothing);
  if (message === undefined) verify();
  else expect(verify).toThrow(message);
});

test('the end of the archive is not a hole in it', () => {
  const target = parseTarget({});
  const beyond = { newest: '000000010000000000000005', gap: '000000010000000000000004' };
  expect(() => verifyEnd(target, readRecoveryLog(log), end, beyond)).toThrow(
    'segment 000000010000000000000004 is missing',
  );
  verifyEnd(target, readRecoveryLog(log), end, { newest: '000000010000000000000003', gap: undefined });
});

test('why recovery failed is said for people', () => {
  const early =
    'LOG:  last completed transaction was at log time 2026-01-02 09:00:00+00\nFATAL:  recovery ended before configured recovery target was reached\n';
  expect(
    explainFailure(parseTarget({ targetTime: '2026-02-01T00:00:00Z' }), readRecoveryLog(early), early, nothing),
  ).toEqual(
    new RecoveryTargetError(
      'spec.bootstrap.recovery.recoveryTarget.targetTime: recovery ended before configured recovery target was reached: the target is 2026-02-01 00:00:00+00:00, and the last transaction in the archive is of 2026-01-02T09:00:00.000Z',
    ),
  );
  const idle = 'FATAL:  recovery ended before configured recovery target was reached\n';
  expect(explainFailure(parseTarget({ targetLSN: '1/0' }), readRecoveryLog(idle), idle, nothing).message).toMatch(
    /the target is .*, and the archive holds no transaction after the backup$/,
  );
  const odd = explainFailure(parseTarget({}), readRecoveryLog('odd'), 'odd', nothing);
  expect(odd.message).toContain('odd');
  // Another try may end better.
  expect(odd).not.toBeInstanceOf(HopelessError);
});
