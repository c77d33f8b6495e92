import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseKeyRing } from '../../objectstore/codec/key-ring.ts';
import type { Archive } from '../wal/archive-source.ts';
import type { RecoverOptions } from './recover.ts';
import type { RecoveryTargetSpec } from './target.ts';
import { aRestore, backUp } from './testing-restore.ts';
import { archivingPostgres, testArchive } from './testing.ts';

/** What is asked for in vain; the field that is named, and what would be valid. */
interface Row {
  readonly target?: RecoveryTargetSpec;
  readonly origin?: Archive;
  readonly change?: Partial<RecoverOptions>;
  readonly field: string;
  readonly valid: string | RegExp;
}

interface World {
  readonly origin: Archive;
  readonly sealed: Archive;
  readonly withoutKey: Archive;
  readonly withAnother: Archive;
  readonly backupID: string;
}

const ring = (id: string) => parseKeyRing({ [id]: randomBytes(32) }, 'test');
const encryption = 'metadata.annotations["howdah.dev/backup-encryption-secret"]';
const releases = new AsyncDisposableStack();
let world: World;
beforeAll(async () => {
  const archive = releases.use(await testArchive());
  const origin = await archive.open('one');
  const sealed = await archive.open('sealed', { keys: ring('key-2026') });
  let current = origin;
  await using pg = await archivingPostgres(() => Promise.resolve(current), { major: 18 });
  const backupID = await backUp(pg, origin);
  await pg.server.query('CREATE TABLE t AS SELECT 1 AS i');
  await pg.switchAndWait();
  current = sealed;
  await backUp(pg, sealed);
  await pg.switchAndWait();
  const withoutKey = await archive.open('sealed');
  const withAnother = await archive.open('sealed', { keys: ring('key-2027') });
  world = { origin, sealed, withoutKey, withAnother, backupID };
});
afterAll(() => releases.disposeAsync());

async function contents({ store }: Archive): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of store.list('p/'))
    if (entry.kind === 'object') found.push(`${entry.key} ${entry.size} ${entry.lastModified.getTime()}`);
  return found;
}

const target = (field: string): string => `spec.bootstrap.recovery.recoveryTarget.${field}`;

test.each<[string, (world: World) => Row]>([
  [
    'a time that cannot be read',
    () => ({
      target: { targetTime: 'yesterday' },
      field: target('targetTime'),
      valid: 'neither an RFC 3339 time nor one as PostgreSQL writes it',
    }),
  ],
  [
    'a time before the first backup',
    () => ({
      target: { targetTime: '2001-01-01T00:00:00Z' },
      field: target('targetTime'),
      valid: /the earliest ended at 20\d\d-\d\d-\d\dT/,
    }),
  ],
  [
    'a time that has not come',
    () => ({ target: { targetTime: '2100-01-01T00:00:00Z' }, field: target('targetTime'), valid: 'has not come yet' }),
  ],
  [
    'a position before the backup',
    () => ({ target: { targetLSN: '0/28' }, field: target('targetLSN'), valid: /the earliest ended at 20/ }),
  ],
  [
    'a position before the backup that is asked for',
    ({ backupID }) => ({
      target: { targetLSN: '0/28', backupID },
      field: target('targetLSN'),
      valid: new RegExp(`comes before 0/\\w+, where backup ${backupID} ends`),
    }),
  ],
  [
    'a position behind the archive',
    () => ({
      target: { targetLSN: 'F/0' },
      field: target('targetLSN'),
      valid: /the newest of timeline 1 is 00000001\w{16}/,
    }),
  ],
  [
    'two targets',
    () => ({
      target: { targetLSN: '0/28', targetName: 'a' },
      field: 'spec.bootstrap.recovery.recoveryTarget',
      valid: 'only one of targetTime, targetLSN, targetXID, targetName, targetImmediate',
    }),
  ],
  [
    'a transaction that is no number',
    () => ({ target: { targetXID: 'last' }, field: target('targetXID'), valid: 'is not a transaction id' }),
  ],
  [
    'a name without a backup',
    () => ({ target: { targetName: 'a' }, field: target('backupID'), valid: 'must say which backup to start from' }),
  ],
  ['a timeline that never was', () => ({ target: { targetTLI: '7' }, field: target('targetTLI'), valid: 'only of 1' })],
  [
    'a timeline that is no number',
    () => ({ target: { targetTLI: 'newest' }, field: target('targetTLI'), valid: 'neither a number nor "latest"' }),
  ],
  [
    'a backup that is not there',
    ({ backupID }) => ({
      target: { backupID: '20200101T000000' },
      field: target('backupID'),
      valid: `only ${backupID}`,
    }),
  ],
  [
    'an archive of its own that is in use',
    ({ origin }) => ({
      change: { destination: origin },
      field: 'Expected empty archive',
      valid: 'Choose another serverName or destinationPath',
    }),
  ],
  [
    'an encrypted backup without keys',
    ({ withoutKey }) => ({
      origin: withoutKey,
      field: encryption,
      valid: 'is encrypted with key "key-2026": no Secret',
    }),
  ],
  [
    'an encrypted backup with another key',
    ({ withAnother }) => ({
      origin: withAnother,
      field: encryption,
      valid: 'is encrypted with key "key-2026": the Secret has "key-2027"',
    }),
  ],
])('%s: the field and what would be valid; PGDATA and archive untouched', async (_, row) => {
  const { target: asked = {}, origin = world.origin, change = {}, field, valid } = row(world);
  const before = await contents(world.origin);
  await using restore = await aRestore({ major: 18, origin, target: asked, change });
  const message = await restore.run().then(
    () => 'it was restored',
    (error: unknown) => String(error),
  );
  expect(message).toContain(field);
  expect(message).toMatch(valid);
  const left = await readdir(`${restore.root}/data`, { recursive: true });
  // An empty directory beside PGDATA is what a restore begins with; what it has decided it notes in howdah/.
  expect(left.filter((name) => !['pgdata.staging', 'howdah'].includes(name) && !name.startsWith('howdah/'))).toEqual(
    [],
  );
  expect(await contents(world.origin)).toEqual(before);
});
