import { expect, test } from '@jest/globals';
import type { Cluster } from '../../api/generated/cluster.ts';
import { retentionSettings } from './settings.ts';

const day = 86_400_000;
const cluster = (annotations: Record<string, string>): Cluster => ({
  metadata: { name: 'c', namespace: 'n', annotations },
  spec: { instances: 1 },
});

test.each<[string, Record<string, string>, string | undefined, object | undefined]>([
  ['nothing', {}, undefined, undefined],
  ['a window', {}, '7d', { policy: { window: 7 * day }, text: '7d', dryRun: false }],
  [
    'both, tried first',
    { 'howdah.dev/retention-count': '3', 'howdah.dev/retention-dry-run': 'true' },
    '1w',
    { policy: { window: 7 * day, count: 3 }, text: '1w, at least 3 backups', dryRun: true },
  ],
  ['a typo removes nothing', { 'howdah.dev/retention-count': 'three' }, '7d', undefined],
  ['nor does this', { 'howdah.dev/retention-count': '3' }, '7 days', undefined],
])('%s', (_name, annotations, window, expected) => {
  expect(retentionSettings(cluster(annotations), window)).toEqual(expected);
});
