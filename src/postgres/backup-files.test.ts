import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { parseBackupLabel } from './backup-label.ts';
import { parseBackupManifest } from './backup-manifest.ts';
import { formatLsn } from './lsn.ts';

const body = `{ "PostgreSQL-Backup-Manifest-Version": 2,
"System-Identifier": 7596451829999999999,
"Files": [
{ "Path": "backup_label", "Size": 227, "Last-Modified": "2026-11-23 15:00:00 GMT", "Checksum-Algorithm": "SHA256", "Checksum": "ABCD" },
{ "Encoded-Path": "62617365ff2f31", "Size": 0, "Last-Modified": "2026-11-23 15:00:00 GMT" }],
"WAL-Ranges": [
{ "Timeline": 10, "Start-LSN": "0/2000028", "End-LSN": "0/2000120" }
],
`;
const manifest = (content: string): Buffer =>
  Buffer.from(`${content}"Manifest-Checksum": "${createHash('sha256').update(content).digest('hex')}"}\n`);

test('a manifest is read whole, its system identifier to the last digit', () => {
  const parsed = parseBackupManifest(manifest(body));
  expect(parsed.systemIdentifier).toBe('7596451829999999999');
  expect(parsed.files.get('backup_label')).toEqual({ size: 227, algorithm: 'SHA256', checksum: 'abcd' });
  expect(parsed.files.size).toBe(2);
  expect(parsed.walRanges.map((range) => [range.timeline, formatLsn(range.end)])).toEqual([[10, '0/2000120']]);
});

test('a manifest of which one byte changed is refused', () => {
  const bytes = manifest(body);
  bytes[bytes.indexOf('227')] = '3'.charCodeAt(0);
  expect(() => parseBackupManifest(bytes)).toThrow('damaged');
  expect(() => parseBackupManifest(manifest(body.replace('Version": 2', 'Version": 9')))).toThrow('unknown version 9');
  expect(() => parseBackupManifest(manifest(body.replace('SHA256', 'MD5')))).toThrow('unknown checksum algorithm');
});

test('a backup label is read', () => {
  const label = parseBackupLabel(`START WAL LOCATION: 0/2000028 (file 0000000A0000000000000002)
CHECKPOINT LOCATION: 0/2000080
BACKUP METHOD: streamed
BACKUP FROM: standby
START TIME: 2026-11-23 15:00:00 GMT
LABEL: a label: with colon
START TIMELINE: 10
`);
  expect(label).toMatchObject({ timeline: 10, fromStandby: true, label: 'a label: with colon' });
  expect(formatLsn(label.checkpoint)).toBe('0/2000080');
  expect(() => parseBackupLabel('LABEL: x\n')).toThrow('START WAL LOCATION');
});
