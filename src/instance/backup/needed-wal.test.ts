import { expect, test } from '@jest/globals';
import { testArchive } from '../recovery/testing.ts';
import { missingSegments, neededSegments, waitForSegments } from './needed-wal.ts';

const segment = (number: number): string =>
  `0000000100000000000000${number.toString(16).toUpperCase().padStart(2, '0')}`;

test.each(['none', 'gzip'] as const)('what an archive with compression %s does not hold', async (compression) => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const extension = compression === 'gzip' ? '.gz' : '';
  // A backup taken from a primary leaves its history file beside the segment in which it began.
  for (const name of [segment(35), `${segment(36)}.00000028.backup`, segment(36), segment(38)]) {
    await archive.store.put(`p/one/wals/0000000100000000/${name}${extension}`, Buffer.from('x'));
  }
  const signal = AbortSignal.timeout(10_000);
  expect(await missingSegments(archive, [segment(36)], signal)).toEqual([]);
  expect(await missingSegments(archive, [segment(35), segment(36)], signal)).toEqual([]);
  expect(await missingSegments(archive, [segment(36), segment(37), segment(38)], signal)).toEqual([segment(37)]);
  expect(await missingSegments(archive, ['000000020000000000000001'], signal)).toEqual(['000000020000000000000001']);
});

test('ranges of a backup are segments; where a timeline was left, the newer one has the segment', () => {
  const size = 16 << 20;
  const one = { timeline: 1, start: 0x2000028n, end: 0x2000158n };
  expect(neededSegments([one], size)).toEqual([segment(2)]);
  const ranges = [
    { timeline: 2, start: 0x4000100n, end: 0x5000100n },
    { timeline: 1, start: 0x2000028n, end: 0x4000100n },
  ];
  const second = '000000020000000000000004';
  expect(neededSegments(ranges, size)).toEqual([segment(2), segment(3), second, '000000020000000000000005']);
});

test('where the primary was lost in the last segment, after the end of the backup, that of its successor is as good', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const put = (name: string, content: string) => archive.store.put(`p/one/wals/${name}`, Buffer.from(content));
  const signal = AbortSignal.timeout(20_000);
  const waited = (end: bigint) =>
    waitForSegments(archive, { names: [segment(4), segment(5)], end, segmentSize: 16 << 20 }, { patience: 0, signal });
  const inTime = /not archived in time: 000000010000000000000005$/;
  await put(`0000000100000000/${segment(4)}`, 'x');
  // Timeline 2 was claimed and never led; timeline 3 goes on, and is left behind by 4 in a later segment.
  await put('00000003.history', '1\t0/5000200\tclaimed\n2\t0/5000200\tclaimed\n');
  await put('00000004.history', '1\t0/5000200\tclaimed\n2\t0/5000200\tclaimed\n3\t0/7000100\tclaimed\n');
  await expect(waited(0x5000100n)).rejects.toThrow(inTime);
  await put('0000000300000000/000000030000000000000005', 'x');
  await waited(0x5000100n);
  // What was written after the fork is on no other timeline.
  await expect(waited(0x5000300n)).rejects.toThrow(inTime);
});
