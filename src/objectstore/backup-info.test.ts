import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BackupInfo } from './backup-info.ts';
import { parseBackupInfo, renderBackupInfo, endTimeline } from './backup-info.ts';
import { parsePythonLiteral, renderPythonString } from './python-literal.ts';

const info: BackupInfo = {
  status: 'DONE',
  backupName: 'backup-20261123090807',
  serverName: 'cloud',
  systemId: '7575757575757575757',
  version: 170010,
  pgdata: '/var/lib/postgresql/data/pgdata',
  timeline: 3,
  beginTime: new Date('2026-11-23T09:08:07.123Z'),
  endTime: new Date('2026-11-23T09:08:09.000Z'),
  beginXlog: '0/4000028',
  endXlog: '0/4000158',
  beginWal: '000000030000000000000004',
  endWal: '000000030000000000000004',
  beginOffset: 40,
  endOffset: 344,
  size: 31_457_280,
  walSegmentSize: 16_777_216,
  backupLabel: 'START WAL LOCATION: 0/4000028 (file 000000030000000000000004)\nLABEL: it\'s  \\ "x"\n',
  tablespaces: [{ name: "my 'space'", oid: 16385, location: '/var/lib/postgresql/tablespaces/a/data' }],
};

test('what is written is read back', () => {
  expect(parseBackupInfo(renderBackupInfo(info))).toEqual(info);
});

test('lines are as Barman writes them: sorted, None for what is not set, new fields only when set', () => {
  const lines = renderBackupInfo({ status: 'STARTED', serverName: 'a\nb=c' }).split('\n');
  expect(lines).toEqual([...lines.slice(0, -1).sort(), '']);
  expect(lines).toContain('end_time=None');
  expect(lines).toContain('server_name=a b=c');
  expect(lines).toContain('xlog_segment_size=16777216');
  expect(lines.some((line) => line.startsWith('backup_name') || line.startsWith('encryption'))).toBe(false);
  expect(renderBackupInfo(info)).toContain('\nbegin_time=2026-11-23 09:08:07.123000+00:00\n');
});

// As barman-cloud-backup 3.4 left it, shortened.
const barman = `backup_label='START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\\nLABEL: Barman\\n'
begin_offset=40
begin_time=2024-01-15 10:00:00.654321+01:00
begin_wal=000000010000000000000002
begin_xlog=0/2000028
compression=gzip
copy_stats={'total_time': 1.5, 'number_of_workers': 2, 'analysis_time': 0}
end_time=2024-01-15 10:00:02+01:00
included_files=None
future_field=whatever
server_name=cloud
status=DONE
tablespaces=[('tbs1', 16387, '/srv/tbs1'), ("it's", 16388, '/srv/2')]
version=150013
`;

test('a file of Barman is understood', () => {
  expect(parseBackupInfo(barman)).toEqual({
    status: 'DONE',
    serverName: 'cloud',
    compression: 'gzip',
    version: 150013,
    beginOffset: 40,
    beginTime: new Date('2024-01-15T09:00:00.654Z'),
    endTime: new Date('2024-01-15T09:00:02.000Z'),
    beginWal: '000000010000000000000002',
    beginXlog: '0/2000028',
    backupLabel: 'START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\nLABEL: Barman\n',
    tablespaces: [
      { name: 'tbs1', oid: 16387, location: '/srv/tbs1' },
      { name: "it's", oid: 16388, location: '/srv/2' },
    ],
  });
});

test.each([
  ['status=BROKEN', 'unknown status "BROKEN"'],
  ['no equals sign', 'not a "name=value" line'],
  ['timeline=x', 'cannot read timeline'],
  ['begin_time=yesterday', 'cannot read begin_time'],
  ['tablespaces=[(1, 2)]', 'cannot read tablespaces'],
  ["backup_label='open", 'cannot read backup_label'],
])('%s: %s', (text, message) => {
  expect(() => parseBackupInfo(text)).toThrow(message);
});

test('any text survives as a Python string, and a line stays a line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const literal = renderPythonString(text);
      expect(literal).not.toMatch(/[\n\r]/);
      expect(parsePythonLiteral(literal)).toBe(text);
    }),
  );
});

const word = fc.stringMatching(/^[a-zA-Z0-9/_.-]{1,30}$/).filter((text) => text !== 'None');
const number = fc.integer({ min: 0, max: 2 ** 40 });
const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true });
const any = fc.record(
  {
    status: fc.constantFrom('EMPTY', 'STARTED', 'WAITING_FOR_WALS', 'DONE', 'SYNCING', 'FAILED'),
    ...{ backupName: word, serverName: word, mode: word, systemId: word, pgdata: word, compression: word },
    ...{ beginXlog: word, endXlog: word, beginWal: word, endWal: word, parentBackupId: word, encryption: word },
    ...{ configFile: word, hbaFile: word, identFile: word, error: word, beginTime: time, endTime: time },
    ...{ version: number, timeline: number, beginOffset: number, endOffset: number, size: number },
    ...{ deduplicatedSize: number, walSegmentSize: fc.constantFrom(1 << 20, 16 << 20, 64 << 20, 1 << 30) },
    backupLabel: fc.string({ unit: 'binary', minLength: 1 }),
    tablespaces: fc.array(fc.record({ name: fc.string({ minLength: 1 }), oid: number, location: fc.string() }), {
      minLength: 1,
      maxLength: 4,
    }),
  },
  { requiredKeys: ['status', 'walSegmentSize'] },
);

test('whatever a backup is, its file says it: each field comes back', () => {
  fc.assert(fc.property(any, (given) => expect(parseBackupInfo(renderBackupInfo(given))).toEqual(given)));
});

test('a file that was cut or changed anywhere is an error with a message, or still one', () => {
  const whole = renderBackupInfo(info);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), (at, inserted) => {
      try {
        parseBackupInfo(whole.slice(0, at) + inserted + whole.slice(at + inserted.length));
      } catch (error) {
        expect((error as Error).message).toMatch(/^backup\.info|not a Python literal|LSN|WAL/);
      }
    }),
  );
});

test.each(['', '[1, 2', "{'a': }", '1 2', "'\\xg1'", 'lambda: 1', '(,)', '[1 2]'])('%s is no literal', (text) => {
  expect(() => parsePythonLiteral(text)).toThrow('not a Python literal');
});

test('a backup that began before a failover ends on the timeline of its last segment', () => {
  expect(endTimeline({ timeline: 1, endWal: '000000020000000000000007' })).toBe(2);
  expect(endTimeline({ timeline: 3 })).toBe(3);
  expect(endTimeline({})).toBe(1);
});
