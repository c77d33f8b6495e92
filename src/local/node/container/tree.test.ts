import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { isAlive, markerVariable, readProcess } from './processes.ts';
import { findTree, killTree } from './tree.ts';

const markers: string[] = [];
afterEach(async () => {
  for (const marker of markers.splice(0)) await killTree({ marker });
});

function start(marker: string, script: string, more: { cwd?: string; env?: Record<string, string> } = {}): number {
  markers.push(marker);
  const env = { PATH: process.env['PATH'], [markerVariable]: marker, ...more.env };
  const child = spawn('bash', ['-c', script], {
    env,
    stdio: 'ignore',
    detached: true,
    ...(more.cwd ? { cwd: more.cwd } : {}),
  });
  child.unref();
  return child.pid ?? 0;
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let tried = 0; !holds(); tried++) {
    if (tried > 100) throw new Error('it does not come about');
    await delay(30);
  }
}

test('a tree has those who left session, parent and environment behind, and nobody else', async () => {
  const [mine, other] = [`t${process.pid}a`, `t${process.pid}ab`];
  start(`${mine}/main/0`, '(setsid sleep 100 &); env -i sleep 101 & setsid env -i sleep 102 & sleep 103 & wait');
  const stranger = start(`${other}/main/0`, 'sleep 104 & wait');
  await eventually(() => findTree({ marker: mine }).length === 5);
  expect(findTree({ marker: mine })).not.toContain(stranger);
  expect(findTree({ marker: `${mine}/main` })).toHaveLength(5);
  expect(findTree({ marker: `${mine}/mai` })).toEqual([]);
  expect(await killTree({ marker: mine })).toBe(true);
  expect(findTree({ marker: mine })).toEqual([]);
  expect(findTree({ marker: other })).toContain(stranger);
});

test('an orphan without an environment is known by where it works, a shell that is there by chance is not', async () => {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'tree-')));
  const mine = `t${process.pid}c`;
  const pid = start(`${mine}/x/0`, `setsid env -i sleep 105 & exit 0`, { cwd: directory });
  const shell = start(`${mine}visitor/x/0`, 'sleep 106', { cwd: directory });
  await eventually(
    () => readProcess(pid) === undefined && findTree({ marker: 'none', directories: [directory] }).length === 1,
  );
  expect(findTree({ marker: mine })).toEqual([]);
  expect(findTree({ marker: 'none', directories: [directory] })).not.toContain(shell);
  expect(await killTree({ marker: 'none', directories: [directory] })).toBe(true);
  expect(isAlive({ pid: shell, startTicks: readProcess(shell)?.startTicks ?? '' })).toBe(true);
  rmSync(directory, { recursive: true });
});
