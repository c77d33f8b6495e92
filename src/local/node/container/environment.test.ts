import { expect, test } from '@jest/globals';
import { aContainer } from '../testing/records.ts';
import { expand } from './environment.ts';
import { pathPrefixer, rootPath } from './root.ts';

test.each([
  ['$(A)', 'a'],
  ['$(A)$(B)', 'ab'],
  ['$(NO)', '$(NO)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$a'],
  ['$A ${A}', '$A ${A}'],
  ['costs 5$', 'costs 5$'],
])('%s expands to %s', (text, expected) => {
  expect(expand(text, { A: 'a', B: 'b' })).toBe(expected);
});

const prefix = pathPrefixer(
  '/r',
  aContainer('main', {
    volumeMounts: [
      { name: 'data', mountPath: '/var/lib/postgresql/data' },
      { name: 'run', mountPath: '/run/' },
      { name: 'scratch', mountPath: '/controller' },
    ],
  }),
  ['/howdah'],
);

test.each([
  ['/var/lib/postgresql/data/pgdata', '/r/var/lib/postgresql/data/pgdata'],
  ['/var/lib/postgresql/database', '/var/lib/postgresql/database'],
  ['/run', '/r/run'],
  ['/var/run/x', '/var/run/x'],
  ['--dir=/controller/x', '--dir=/r/controller/x'],
  ['cat "/run/a" >/run/b; ls /controller', 'cat "/r/run/a" >/r/run/b; ls /r/controller'],
  ['/run/a:/run/b', '/r/run/a:/r/run/b'],
  ['https://host/run/x', 'https://host/run/x'],
  ['/howdah/bin/howdah', '/r/howdah/bin/howdah'],
  ['/usr/bin/env', '/usr/bin/env'],
])('the path in %s is %s below the root', (text, expected) => {
  expect(prefix(text)).toBe(expected);
});

test('a root is short, the same for the same name, and another for another', () => {
  const root = rootPath('/tmp/howdah-12345678', 'n1', 'default', 'c-1', 'postgres');
  expect(root).toBe(rootPath('/tmp/howdah-12345678', 'n1', 'default', 'c-1', 'postgres'));
  expect(root).not.toBe(rootPath('/tmp/howdah-12345678', 'n1', 'default', 'c-2', 'postgres'));
  expect(root.length).toBeLessThan(60);
});
