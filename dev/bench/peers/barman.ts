import type { ArchivingPostgres } from '../../../src/instance/recovery/testing.ts';
import { run } from './measure.ts';
import type { Peer } from './peer.ts';
import { type PeerStore, bucket } from './store.ts';

const programs = '/usr/bin';

/** barman-cloud with two jobs; its gzip has one level, Python's default of 9. */
export function barman(pg: ArchivingPostgres, store: PeerStore, compression: 'gzip' | 'none'): Peer {
  const { server } = pg;
  const { user } = server.installation;
  const name = `barman-${compression}`;
  const env = {
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    AWS_CA_BUNDLE: store.caFile,
    AWS_DEFAULT_REGION: 'us-east-1',
    // What it leaves when it is killed goes with the server.
    TMPDIR: server.directory,
  };
  const cloud = ['--cloud-provider', 'aws-s3', '--endpoint-url', store.endpoint];
  const where = [`s3://${bucket}/barman`, name];
  return {
    name: `barman-cloud, ${compression}`,
    prefix: `barman/${name}/`,
    backup: {
      mark: `${programs}/barman-cloud-backup`,
      work: () =>
        run({
          ...{ file: `${programs}/barman-cloud-backup`, env, user },
          args: [
            ...cloud,
            ...(compression === 'gzip' ? ['-z'] : []),
            ...['-J', '2', '--immediate-checkpoint', '-n', 'bench'],
            ...['-h', server.socketDirectory, '-p', String(server.port), '-U', 'postgres'],
            ...where,
          ],
        }),
    },
    restore: (directory) => ({
      mark: `${programs}/barman-cloud-restore`,
      work: () =>
        run({ file: `${programs}/barman-cloud-restore`, env, args: [...cloud, ...where, 'bench', directory] }),
    }),
  };
}
