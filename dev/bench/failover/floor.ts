import { chown, cp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TemporaryPostgres, temporaryPostgres } from '../../../src/testing/postgres.ts';
import { percentile } from '../figures.ts';

const settings = { fsync: 'on' };

/** What PostgreSQL alone needs on this machine now, without anybody who has to find out. Milliseconds. */
export interface Floor {
  /** From SIGKILL of the postmaster to the first commit of one that is started at once. */
  readonly restart: number;
  /** From pg_promote() of an idle standby to its first commit. */
  readonly promote: number;
}

const insert = (server: TemporaryPostgres): Promise<unknown> => server.query('insert into t values (1)');

async function firstCommit(server: TemporaryPostgres, start: number): Promise<number> {
  for (;;) {
    if (performance.now() - start > 30_000) throw new Error(`no commit in 30 s: ${await server.log()}`);
    const done = await insert(server).then(
      () => true,
      () => false,
    );
    if (done) return performance.now() - start;
    await sleep(5);
  }
}

/** cp makes all files root's where we are root. */
async function giveTo(directory: string, user: { uid: number; gid: number }): Promise<void> {
  await chown(directory, user.uid, user.gid);
  for (const entry of await readdir(directory, { recursive: true })) {
    await chown(path.join(directory, entry), user.uid, user.gid);
  }
}

async function crashed(server: TemporaryPostgres): Promise<number> {
  const { pid } = server;
  process.kill(pid, 'SIGKILL');
  const start = performance.now();
  for (let started = false; !started && performance.now() - start < 30_000;) {
    await rm(path.join(server.dataDirectory, 'postmaster.pid'), { force: true });
    // Refused until the last backend of the dead one has seen it.
    started = await server.start().then(
      () => true,
      () => false,
    );
  }
  return firstCommit(server, start);
}

async function promoted(server: TemporaryPostgres): Promise<number> {
  const { user } = server.installation;
  await server.stop();
  const dataDirectory = path.join(server.directory, 'standby');
  await cp(server.dataDirectory, dataDirectory, { recursive: true });
  await writeFile(path.join(dataDirectory, 'standby.signal'), '');
  if (user) await giveTo(dataDirectory, user);
  await using standby = await temporaryPostgres({ major: 18, settings, dataDirectory });
  const start = performance.now();
  await standby.query('select pg_promote(false)');
  return await firstCommit(standby, start);
}

async function measure(): Promise<Floor> {
  await using server = await temporaryPostgres({ major: 18, settings });
  await server.query('create table t (id int)');
  // The first recovery syncs all that initdb left to the disk.
  await crashed(server);
  return { restart: await crashed(server), promote: await promoted(server) };
}

/** The median of three. */
export async function measureFloor(): Promise<Floor> {
  const measured = [await measure(), await measure(), await measure()];
  const median = (of: keyof Floor): number =>
    percentile(
      measured.map((floor) => floor[of]),
      0.5,
    );
  return { restart: median('restart'), promote: median('promote') };
}
