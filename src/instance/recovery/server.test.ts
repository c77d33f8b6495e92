import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDirectory, temporaryPostgres } from '../../testing/postgres.ts';
import { RecoveryServer } from './server.ts';

test('the lock file of a server that was killed is no obstacle, although its process id is used again', async () => {
  await using pg = await temporaryPostgres({ major: 18 });
  await pg.stop('immediate');
  const { installation, dataDirectory: data } = pg;
  const { user } = installation;
  const other = spawn('sleep', ['60'], { stdio: 'ignore', ...(user && { uid: user.uid, gid: user.gid }) });
  const directory = await temporaryDirectory(installation);
  try {
    // PostgreSQL believes it: a process of its user has that id.
    await writeFile(path.join(data, 'postmaster.pid'), `${other.pid}\n${data}\n`);
    await using server = await RecoveryServer.start({
      program: path.join(installation.bin, 'postgres'),
      ...(user && { user }),
      ...{ data, directory: path.join(directory, 'r'), logFile: path.join(directory, 'log'), settings: {} },
    });
    expect([await server.outOfRecovery(AbortSignal.timeout(30_000)), await server.log()]).toEqual([
      true,
      expect.any(String),
    ]);
  } finally {
    other.kill();
    await once(other, 'exit');
    await rm(directory, { recursive: true });
  }
});
