import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const generate = path.join(import.meta.dirname, '..', '..', '..', 'dev', 'generate.ts');

test('generated files are what npm run generate writes', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [generate, '--check'], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect({ status, stdout, stderr: stderr.replaceAll(/.*ExperimentalWarning.*\n.*\n/g, '') }).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  });
});
