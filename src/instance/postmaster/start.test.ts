import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { type InstancePaths, instancePaths } from '../../paths.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../../testing/postgres.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { processesOf } from './process.ts';
import { startPostgres } from './start.ts';

function pathsOf({ directory, dataDirectory }: TemporaryPostgres): InstancePaths {
  const at = (name: string): string => path.join(directory, name);
  return { ...instancePaths(directory), data: dataDirectory, sockets: at('s'), logs: at('l'), temporary: at('t') };
}

const supervisorWith = (postgresPid: number | undefined, start: () => void): Supervisor =>
  ({ postgresPid: () => postgresPid, start }) as unknown as Supervisor;

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

test('a postgres that the supervisor has started a moment ago is left alone', async () => {
  await using server = await temporaryPostgres({ major: 18 });
  const supervisor = supervisorWith(server.pid, () => undefined);
  await startPostgres(pathsOf(server), 'postgres', supervisor, () => true);
  expect(processesOf(await realpath(server.dataDirectory))).toContain(server.pid);
});
