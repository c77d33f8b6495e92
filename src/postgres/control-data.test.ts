import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryPostgres, type Major } from '../testing/postgres.ts';
import { parseControlData } from './control-data.ts';

const read = async (dataDirectory: string) => readFile(path.join(dataDirectory, 'global/pg_control'));

test.each<Major>([15, 16, 17, 18])('pg_control of PostgreSQL %i says what the server says', async (major) => {
  await using server = await temporaryPostgres({
    major,
    initdb: ['--wal-segsize=4'],
    settings: { max_connections: '77' },
  });
  const [asked] = await server.query<Record<string, string>>(`
    SELECT s.system_identifier::text, s.catalog_version_no::text, c.checkpoint_lsn - '0/0'::pg_lsn AS checkpoint,
           c.redo_lsn - '0/0'::pg_lsn AS redo, c.timeline_id::text, extract(epoch FROM c.checkpoint_time)::bigint::text AS time,
           i.bytes_per_wal_segment::text, i.data_page_checksum_version::text
      FROM pg_control_system() s, pg_control_checkpoint() c, pg_control_init() i`);
  const found = parseControlData(await read(server.dataDirectory));
  expect(found).toMatchObject({ state: 'in production', maxConnections: 77, blockSize: 8192 });
  expect({
    system_identifier: found.systemIdentifier,
    catalog_version_no: String(found.catalogVersion),
    checkpoint: String(found.checkpoint),
    redo: String(found.checkpointRedo),
    timeline_id: String(found.checkpointTimeline),
    time: String(found.checkpointTime.getTime() / 1000),
    bytes_per_wal_segment: String(found.walSegmentSize),
    data_page_checksum_version: String(found.dataChecksums),
  }).toEqual(asked);
  await server.stop();
  const file = await read(server.dataDirectory);
  expect(parseControlData(file).state).toBe('shut down');
  file[40] = (file[40] ?? 0) ^ 1;
  expect(() => parseControlData(file)).toThrow('checksum');
});
