import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { quoteCommandWord } from '../../postgres/quote.ts';

const script = path.join(path.dirname(import.meta.dirname), 'scripts/wal-request');

test.each([
  [undefined, 1],
  ['126', 126],
])('a manager that dies while it is asked: HOWDAH_NO_ANSWER=%s ends a restore with %d', async (noAnswer, expected) => {
  const server = createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = String((server.address() as AddressInfo).port);
  const env = { HOWDAH_LOCAL_PORT: port, ...(noAnswer !== undefined && { HOWDAH_NO_ANSWER: noAnswer }) };
  const child = spawn(script, ['restore', '000000010000000000000001', 'pg_wal/RECOVERYXLOG'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await once(child, 'close')).toEqual([expected, null]);
  expect(said).toContain('000000010000000000000001: no answer from the manager');
  server.close();
});

test('a quoted word of a command comes through the shell as it was, after PostgreSQL has replaced %%', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hqw-'));
  const name = path.join(directory, `it's 100% $HOME; "x"`);
  await writeFile(name, '#!/bin/sh\necho "$1"\n', { mode: 0o755 });
  const command = `${quoteCommandWord(name)} %p`.replace(/%[%p]/g, (found) => (found === '%%' ? '%' : 'pg_wal/1'));
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(said).toBe('pg_wal/1\n');
  await rm(directory, { recursive: true });
});
