import { expect, test } from '@jest/globals';
import { createJsonLogger } from './logger.ts';

function aLogger(options: { level?: string; levelField?: string; timestampField?: string } = {}) {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, log: createJsonLogger({ level: 'info', base: { logger: 'operator' }, destination, ...options }) };
}

test('a line has its level as text, its time, and who says it', () => {
  const { lines, log } = aLogger();
  log.warn({ cluster: 'c' }, 'slow');
  log.debug('not asked for');
  expect(lines).toEqual([
    {
      level: 'warning',
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      logger: 'operator',
      cluster: 'c',
      msg: 'slow',
    },
  ]);
});

test('fields can be named otherwise, and levels as users write them', () => {
  const { lines, log } = aLogger({ level: 'warning', levelField: 'severity', timestampField: 'at' });
  log.info('not asked for');
  log.error('bad');
  expect(lines).toEqual([expect.objectContaining({ severity: 'error', at: expect.any(String), msg: 'bad' })]);
});

test('secrets are not written, at the top or one level down', () => {
  const { lines, log } = aLogger();
  log.info({ password: 'x1', secret: { metadata: { name: 's' }, data: { key: 'x2' } }, user: { token: 'x3' } }, 'all');
  expect(JSON.stringify(lines)).not.toMatch(/x[123]/);
  expect(lines[0]).toMatchObject({ password: '[redacted]', secret: { metadata: { name: 's' }, data: '[redacted]' } });
});
