import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareLsn, formatLsn, parseLsn } from './lsn.ts';
import {
  historyName,
  isSegmentSize,
  parseWalName,
  segmentAfter,
  segmentName,
  segmentNames,
  segmentNumber,
  segmentNumberBefore,
  segmentOf,
  segmentStart,
} from './wal-name.ts';

const anyLsn = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const anyTimeline = fc.integer({ min: 1, max: 0xffffffff });
const anySize = fc.integer({ min: 20, max: 30 }).map((power) => 2 ** power);

test('an LSN survives writing and reading, and its order is that of numbers', () => {
  fc.assert(fc.property(anyLsn, (lsn) => parseLsn(formatLsn(lsn)) === lsn));
  expect(formatLsn(parseLsn('16/b374d848'))).toBe('16/B374D848');
  expect(compareLsn(parseLsn('1/0'), parseLsn('0/FFFFFFFF'))).toBe(1);
  expect(compareLsn(parseLsn('0/FFFFFFFF'), parseLsn('1/0'))).toBe(-1);
  expect(compareLsn(1n, 1n)).toBe(0);
  for (const bad of ['', '1', '1/', '/1', '1/123456789', '123456789/1', 'g/0', 'x1/0', '1/0 '])
    expect(() => parseLsn(bad)).toThrow('not an LSN');
});

test('a segment name gives back its timeline and position for every size', () => {
  fc.assert(
    fc.property(anyLsn, anyTimeline, anySize, (lsn, timeline, size) => {
      const segment = segmentNumber(lsn, size);
      const name = segmentName(timeline, segment, size);
      const file = parseWalName(name);
      expect(file).toMatchObject({ kind: 'segment', timeline });
      if (file?.kind !== 'segment') throw new Error('unreachable');
      expect(segmentOf(file, size)).toBe(segment);
      expect(segmentStart(segment, size) <= lsn && lsn < segmentStart(segment + 1n, size)).toBe(true);
    }),
  );
});

test('names in order are names of following segments', () => {
  const before = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
  fc.assert(
    fc.property(before, anySize, (lsn, size) => {
      const name = segmentName(10, segmentNumber(lsn, size), size);
      const next = segmentAfter(name, size);
      expect(next > name).toBe(true);
      expect(next).toBe(segmentName(10, segmentNumber(lsn, size) + 1n, size));
    }),
  );
});

test.each([
  ['16 MiB, end of a log', 1, '0/FF000000', 16, '0000000100000000000000FF', '000000010000000100000000'],
  ['1 MiB, end of a log', 0x0a, '0/FFF00000', 1, '0000000A0000000000000FFF', '0000000A0000000100000000'],
  ['64 MiB', 0x1f, '2/FC000000', 64, '0000001F000000020000003F', '0000001F0000000300000000'],
  ['1 GiB', 255, '0/C0000000', 1024, '000000FF0000000000000003', '000000FF0000000100000000'],
])('%s', (_, timeline, lsn, megabytes, name, next) => {
  const size = megabytes << 20;
  expect(segmentName(timeline, segmentNumber(parseLsn(lsn), size), size)).toBe(name);
  expect(segmentAfter(name, size)).toBe(next);
});

test('segments after one are counted on from a whole segment', () => {
  const size = 16 << 20;
  expect(segmentAfter('0000000100000000000000FE', size, 3)).toBe('000000010000000100000001');
  for (const none of ['nonsense', '00000002.history', '0000000100000000000000FE.partial'])
    expect(() => segmentAfter(none, size)).toThrow(`not the name of a WAL segment: "${none}"`);
});

test('a range that ends at a segment boundary does not need the segment after it', () => {
  const size = 16 << 20;
  expect(segmentNames(1, parseLsn('0/2000028'), parseLsn('0/3000000'), size)).toEqual(['000000010000000000000002']);
  expect(segmentNames(1, parseLsn('0/2000028'), parseLsn('0/3000001'), size)).toHaveLength(2);
  expect(segmentNumberBefore(parseLsn('0/3000000'), size)).toBe(2n);
});

test('files of the archive are told by name, timelines read as hexadecimal', () => {
  expect(parseWalName('0000000A.history')).toEqual({ kind: 'history', timeline: 10 });
  expect(historyName(10)).toBe('0000000A.history');
  expect(parseWalName('00000010000000010000000A.partial')).toMatchObject({ kind: 'partial', timeline: 16, part: 10n });
  expect(parseWalName('00000010000000010000000A.00000028.backup')).toMatchObject({ kind: 'backup', log: 1n });
  for (const bad of [
    '',
    '../x',
    '00000001.History',
    'x00000001.history',
    '00000001.history~',
    'x000000010000000000000002',
    '00000001000000000000000a',
    '0000000100000000000000021',
    'RECOVERYXLOG',
  ]) {
    expect(parseWalName(bad)).toBeUndefined();
  }
  expect(() => segmentOf({ kind: 'segment', timeline: 1, log: 0n, part: 256n }, 16 << 20)).toThrow(
    'no such WAL segment',
  );
});

test('segment sizes are powers of two from 1 MiB to 1 GiB', () => {
  expect([1 << 20, 1 << 24, 1 << 30].every(isSegmentSize)).toBe(true);
  expect([1 << 19, 3 << 20, 2 ** 31].some(isSegmentSize)).toBe(false);
});
