import { mkdir, chown } from 'node:fs/promises';
import path from 'node:path';
import type { ArchivingPostgres } from '../../../src/instance/recovery/testing.ts';
import { run } from './measure.ts';
import type { Peer } from './peer.ts';
import { type PeerStore, bucket } from './store.ts';

const file = '/usr/bin/pgbackrest';

/** pgBackRest with two processes and the compression level that Howdah uses. */
export async function pgbackrest(pg: ArchivingPostgres, store: PeerStore, type: string): Promise<Peer> {
  const { server } = pg;
  const { user } = server.installation;
  const home = path.join(server.directory, `pgbackrest-${type}`);
  await mkdir(home, { recursive: true });
  if (user) await chown(home, user.uid, user.gid);
  const env = { PGBACKREST_REPO1_S3_KEY: store.accessKeyId, PGBACKREST_REPO1_S3_KEY_SECRET: store.secretAccessKey };
  const common = [
    ...['--stanza=bench', `--pg1-socket-path=${server.socketDirectory}`, `--pg1-port=${server.port}`],
    ...['--pg1-user=postgres', '--repo1-type=s3', '--repo1-s3-region=us-east-1', '--repo1-s3-uri-style=path'],
    ...[`--repo1-s3-bucket=${bucket}`, '--repo1-s3-endpoint=localhost', `--repo1-storage-port=${store.port}`],
    ...[`--repo1-storage-ca-file=${store.caFile}`, `--repo1-path=/pgbackrest-${type}`, `--lock-path=${home}`],
    ...[`--log-path=${home}`, '--log-level-console=error', '--config=/dev/null'],
    ...['--process-max=2', `--compress-type=${type}`, '--compress-level=1'],
  ];
  const pgbackrestRun = (args: string[]) => run({ file, args: [...common, ...args], env, user });
  const archive = ['--no-archive-check', '--start-fast', '--type=full'];
  const without = (...names: string[]) => common.filter((arg) => !names.some((name) => arg.startsWith(name)));
  return {
    name: `pgBackRest, ${type}`,
    prefix: `pgbackrest-${type}/`,
    prepare: () =>
      run({
        ...{ file, env, user },
        args: [
          ...without('--process-max', '--compress'),
          `--pg1-path=${server.dataDirectory}`,
          ...['--no-online', 'stanza-create'],
        ],
      }),
    backup: {
      mark: file,
      work: () => pgbackrestRun([`--pg1-path=${server.dataDirectory}`, ...archive, 'backup']),
    },
    restore: (directory) => ({
      mark: file,
      async work() {
        await mkdir(directory, { recursive: true });
        if (user) await chown(directory, user.uid, user.gid);
        await run({
          ...{ file, env, user },
          args: [
            ...without('--compress', '--pg1-socket', '--pg1-port', '--pg1-user'),
            `--pg1-path=${directory}`,
            `--spool-path=${home}`,
            'restore',
          ],
        });
      },
    }),
  };
}
