import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { measure, run as runProgram, waitedFor } from '../peers/measure.ts';
import { type PeerStore, bucket } from '../peers/store.ts';
import { archiveAll, sum } from './wal.ts';

export interface Rate {
  /** Segments per second, each being asked for when the one before is stored, as PostgreSQL's archiver asks. */
  readonly rate: number;
  /** Processor milliseconds of a segment, without the store's. */
  readonly processor: number;
}

/** Another program that archives WAL. */
export interface WalPeer {
  readonly name: string;
  readonly rate: (directory: string, names: readonly string[], run: number) => Promise<Rate>;
}

const files = (directory: string, names: readonly string[]): string[] =>
  names.map((name) => path.join(directory, 'pg_wal', name));

function barman(store: PeerStore, place: string): WalPeer {
  const env = {
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    AWS_CA_BUNDLE: store.caFile,
    AWS_DEFAULT_REGION: 'us-east-1',
    TMPDIR: place,
  };
  return {
    name: 'barman-cloud, gzip',
    async rate(directory, names, run) {
      const args = ['--gzip', '--endpoint-url', store.endpoint, `s3://${bucket}/bench-barman`, `run-${run}`];
      // One start of Python for each: a few are enough to know.
      const some = files(directory, names).slice(0, 10);
      const before = await waitedFor();
      const seconds = await archiveAll((file) => ['/usr/bin/barman-cloud-wal-archive', ...args, file], env, some);
      const processor = (((await waitedFor()) - before) * 1000) / some.length;
      return { rate: some.length / sum(seconds), processor };
    },
  };
}

/** Asynchronous, with as many processes as there are processors: its fastest way. */
function pgbackrest(store: PeerStore, place: string): WalPeer {
  const program = '/usr/bin/pgbackrest';
  const env = { PGBACKREST_REPO1_S3_KEY: store.accessKeyId, PGBACKREST_REPO1_S3_KEY_SECRET: store.secretAccessKey };
  return {
    name: 'pgBackRest, zstd, asynchronous',
    async rate(directory, names, run) {
      const home = path.join(place, `pgbackrest-${run}`);
      await mkdir(home, { recursive: true });
      const repository = [
        ...['--stanza=bench', `--pg1-path=${directory}`, '--repo1-type=s3', '--repo1-s3-region=us-east-1'],
        ...['--repo1-s3-uri-style=path', `--repo1-s3-bucket=${bucket}`, '--repo1-s3-endpoint=localhost'],
        ...[`--repo1-storage-port=${store.port}`, `--repo1-storage-ca-file=${store.caFile}`],
        ...[`--repo1-path=/pgbackrest-wal-${run}`, `--lock-path=${home}`, `--log-path=${home}`],
        ...['--log-level-console=error', '--config=/dev/null'],
      ];
      await runProgram({ file: program, args: [...repository, '--no-online', 'stanza-create'], env });
      const push = [
        ...[...repository, '--archive-async', `--spool-path=${home}`, '--process-max=2'],
        ...['--compress-type=zst', '--compress-level=1', 'archive-push'],
      ];
      try {
        const before = await waitedFor();
        let seconds: number[] = [];
        // Nobody waits for the processes in the background.
        const { cpu } = await measure(new RegExp(`${home} .*archive-push:`), async () => {
          seconds = await archiveAll((file) => [program, ...push, file], env, files(directory, names));
        });
        const processor = ((cpu + (await waitedFor()) - before) * 1000) / names.length;
        return { rate: names.length / sum(seconds), processor };
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
  };
}

/** Those that are installed. */
export function archivers(store: PeerStore, place: string): WalPeer[] {
  const found: WalPeer[] = [];
  if (existsSync('/usr/bin/pgbackrest')) found.push(pgbackrest(store, place));
  else process.stderr.write('SKIPPED: pgBackRest is not installed (apt-get install pgbackrest)\n');
  if (spawnSync('/usr/bin/barman-cloud-wal-archive', ['--version']).error)
    process.stderr.write('SKIPPED: barman-cloud-wal-archive is not installed (apt-get install barman-cli-cloud)\n');
  else found.push(barman(store, place));
  return found;
}
