import { expect, test } from '@jest/globals';
import { slotKeepSize } from './slot-keep-size.ts';

test.each([
  [{ storage: { size: '100Gi' } }, 25_600],
  [{ storage: { size: '100Gi' }, walStorage: { size: '10Gi' } }, 5120],
  [{ storage: { size: '1Gi' } }, 512],
  [{ storage: {} }, undefined],
])('%j keeps %s MB for slots', (spec, expected) => {
  expect(slotKeepSize({ instances: 1, ...spec })).toBe(expected);
});
