import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { type InstancePaths, instancePaths } from '../../paths.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../../testing/postgres.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { processesOf, processInfo, signal } from './process.ts';
import { startPostgres } from './start.ts';

function pathsOf({ directory, dataDirectory }: TemporaryPostgres): InstancePaths {
  const at = (name: string): string => path.join(directory, name);
  return { ...instancePaths(directory), data: dataDirectory, sockets: at('s'), logs: at('l'), temporary: at('t') };
}

const supervisorWith = (postgresPid: number | undefined, start: () => void, pending = false): Supervisor =>
  ({ postgresPid: () => postgresPid, isStartPending: () => pending, start }) as unknown as Supervisor;

test('what a killed postmaster left behind, even if it stands still, is gone before another is started', async () => {
  await using server = await temporaryPostgres({ major: 18 });
  const directory = await realpath(server.dataDirectory);
  const children = processesOf(directory).filter((pid) => pid !== server.pid);
  expect(children.length).toBeGreaterThan(2);
  for (const pid of children) process.kill(pid, 'SIGSTOP');
  process.kill(server.pid, 'SIGKILL');
  const seen: number[][] = [];
  const supervisor = supervisorWith(undefined, () => seen.push(processesOf(directory)));
  await startPostgres(pathsOf(server), 'postgres', supervisor, () => true);
  expect(seen).toEqual([[]]);
  await server.start();
  expect(await server.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('a postgres that the supervisor has started a moment ago is left alone, and so is its lock file, which it would miss', async () => {
  await using server = await temporaryPostgres({ major: 18 });
  const orders: string[] = [];
  const supervisor = supervisorWith(server.pid, () => orders.push('start'));
  await startPostgres(pathsOf(server), 'postgres', supervisor, () => true);
  expect(processesOf(await realpath(server.dataDirectory))).toContain(server.pid);
  expect(await readFile(path.join(server.dataDirectory, 'postmaster.pid'), 'utf8')).toMatch(`${server.pid}\n`);
  expect(orders).toEqual([]);
});

test('while an order is not obeyed yet it is given again, and nothing is cleaned away from under it', async () => {
  await using server = await temporaryPostgres({ major: 18 });
  const orders: string[] = [];
  const supervisor = supervisorWith(undefined, () => orders.push('start'), true);
  await startPostgres(pathsOf(server), 'postgres', supervisor, () => true);
  expect(processesOf(await realpath(server.dataDirectory))).toContain(server.pid);
  expect(await readFile(path.join(server.dataDirectory, 'postmaster.pid'), 'utf8')).toMatch(`${server.pid}\n`);
  expect(orders).toEqual(['start']);
});

test('a program that a killed manager had started for the directory is ended with its children, others are left alone', async () => {
  await using server = await temporaryPostgres({ major: 18 });
  await server.stop();
  const run = (directory: string): ChildProcessByStdio<null, Readable, null> =>
    spawn('sh', ['-c', 'sleep 600 & echo $!; wait', 'pg_rewind', `--target-pgdata=${directory}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const [ours, others] = [run(server.dataDirectory), run(`${server.dataDirectory}2`)];
  const sleepers = await Promise.all(
    [ours, others].map(async ({ stdout }) => Number(String(await once(stdout, 'data')))),
  );
  await startPostgres(
    pathsOf(server),
    'postgres',
    supervisorWith(undefined, () => undefined),
    () => true,
  );
  const alive = (pid = 0): boolean => (processInfo(pid)?.state ?? 'Z') !== 'Z';
  expect([ours.pid, others.pid, ...sleepers].map(alive)).toEqual([false, true, false, true]);
  for (const pid of [others.pid ?? 0, ...sleepers]) signal(pid, 'SIGKILL');
});
