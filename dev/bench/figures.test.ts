import { expect, test } from '@jest/globals';
import { percentile, reached, row } from './figures.ts';

test('percentiles are samples, nearest rank', () => {
  expect(percentile([5, 1, 3], 0.5)).toBe(3);
  expect(percentile([5, 1, 3], 0.99)).toBe(5);
  expect(percentile([4], 0.5)).toBe(4);
});

test('the worst sample decides about a target', () => {
  expect(reached({ what: 'x', unit: 's', samples: [1, 9], target: { limit: 8, better: 'less' } })).toBe(false);
  expect(reached({ what: 'x', unit: 'MiB/s', samples: [120, 101], target: { limit: 100, better: 'more' } })).toBe(true);
  expect(reached({ what: 'x', unit: 's', samples: [1] })).toBeUndefined();
});

test('the worst of a rate is its lowest sample', () => {
  expect(row({ what: 'backup', unit: 'MiB/s', samples: [120, 90, 150], target: { limit: 100, better: 'more' } })).toBe(
    '| backup | 120 | 90.0 | 90.0 | MiB/s | 3 | ≥ 100 MiB/s: NO |  |',
  );
});

test('a row tells the ratio to the floor of the same run', () => {
  expect(row({ what: 'start', unit: 's', samples: [2, 4], floor: { what: 'initdb', value: 1 } })).toBe(
    '| start | 2.00 | 4.00 | 4.00 | s | 2 |  | 2.00 × initdb (1.00 s) |',
  );
});
