import { expect, test } from '@jest/globals';
import { firstTimeline, parseHistory } from '../../postgres/timeline.ts';
import { namesOnHistory } from './resolve.ts';

test('the first segment of a backup across a failover is also looked for under the names of later timelines', () => {
  const history = parseHistory(4, '1\t0/6000148\tx\n3\t0/9000000\tx\n');
  expect(namesOnHistory('000000010000000000000006', history)).toEqual([
    '000000010000000000000006',
    '000000030000000000000006',
    '000000040000000000000006',
  ]);
  expect(namesOnHistory('000000010000000000000006', firstTimeline)).toEqual(['000000010000000000000006']);
});
