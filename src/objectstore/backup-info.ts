// Barman's backup.info: `name=value` lines in the order of names, `None` for what is not set, Python literals for lists and
// texts of several lines. Barman 3.4 refuses files with names it does not know, so newer ones are written only when set.
import { parseWalName } from '../postgres/wal-name.ts';
import { parsePythonLiteral, renderPythonString } from './python-literal.ts';

export type BackupStatus = 'EMPTY' | 'STARTED' | 'WAITING_FOR_WALS' | 'DONE' | 'SYNCING' | 'FAILED';

export interface BackupTablespace {
  readonly name: string;
  readonly oid: number;
  readonly location: string;
}

export interface BackupInfo {
  readonly status: BackupStatus;
  readonly error?: string;
  readonly backupName?: string;
  readonly serverName?: string;
  readonly mode?: string;
  readonly systemId?: string;
  /** server_version_num, such as 170010. */
  readonly version?: number;
  readonly pgdata?: string;
  readonly timeline?: number;
  readonly beginTime?: Date;
  readonly endTime?: Date;
  /** An LSN in its text form. */
  readonly beginXlog?: string;
  readonly endXlog?: string;
  /** Name of the WAL segment. */
  readonly beginWal?: string;
  readonly endWal?: string;
  /** Offset of the LSN within its segment. */
  readonly beginOffset?: number;
  readonly endOffset?: number;
  /** Bytes of the database as it was read. */
  readonly size?: number;
  readonly deduplicatedSize?: number;
  /** Bytes; absent means 16 MiB. */
  readonly walSegmentSize?: number;
  readonly backupLabel?: string;
  readonly tablespaces?: readonly BackupTablespace[];
  readonly compression?: string;
  readonly encryption?: string;
  /** Id of the backup that this one holds only the changes since; such a backup is of no use without it. */
  readonly parentBackupId?: string;
  readonly configFile?: string;
  readonly hbaFile?: string;
  readonly identFile?: string;
}

const statuses: readonly BackupStatus[] = ['EMPTY', 'STARTED', 'WAITING_FOR_WALS', 'DONE', 'SYNCING', 'FAILED'];
const defaultSegmentSize = 16 * 1024 * 1024;
/** One line, whatever the text was. */
const line = (text: string): string => text.replace(/[\r\n]+/g, ' ').trim();

export function renderBackupInfo(info: BackupInfo): string {
  const fields: Record<string, string | number | undefined> = {
    backup_label: info.backupLabel === undefined ? undefined : renderPythonString(info.backupLabel),
    begin_offset: info.beginOffset,
    begin_time: info.beginTime && renderTime(info.beginTime),
    begin_wal: info.beginWal,
    begin_xlog: info.beginXlog,
    compression: info.compression,
    config_file: info.configFile,
    copy_stats: undefined,
    deduplicated_size: info.deduplicatedSize,
    end_offset: info.endOffset,
    end_time: info.endTime && renderTime(info.endTime),
    end_wal: info.endWal,
    end_xlog: info.endXlog,
    error: info.error,
    hba_file: info.hbaFile,
    ident_file: info.identFile,
    included_files: undefined,
    mode: info.mode,
    pgdata: info.pgdata,
    server_name: info.serverName,
    size: info.size,
    status: info.status,
    systemid: info.systemId,
    tablespaces: info.tablespaces?.length ? renderTablespaces(info.tablespaces) : undefined,
    timeline: info.timeline,
    version: info.version,
    xlog_segment_size: info.walSegmentSize ?? defaultSegmentSize,
    ...(info.backupName !== undefined && { backup_name: info.backupName }),
    ...(info.encryption !== undefined && { encryption: info.encryption }),
    ...(info.parentBackupId !== undefined && { parent_backup_id: info.parentBackupId }),
  };
  const lines = Object.entries(fields).map(
    ([name, value]) => `${name}=${value === undefined ? 'None' : line(`${value}`)}`,
  );
  return `${lines.sort().join('\n')}\n`;
}

/** An error that names the field for a file that cannot be understood; unknown fields are passed over. */
export function parseBackupInfo(text: string): BackupInfo {
  const fields = readFields(text);
  const status = fields.get('status') ?? 'EMPTY';
  if (!statuses.some((known) => known === status)) throw new Error(`backup.info: unknown status "${status}"`);
  const found = {
    status: status as BackupStatus,
    error: fields.get('error'),
    backupName: fields.get('backup_name'),
    serverName: fields.get('server_name'),
    mode: fields.get('mode'),
    systemId: fields.get('systemid'),
    version: read(fields, 'version', integer),
    pgdata: fields.get('pgdata'),
    timeline: read(fields, 'timeline', integer),
    beginTime: read(fields, 'begin_time', time),
    endTime: read(fields, 'end_time', time),
    beginXlog: fields.get('begin_xlog'),
    endXlog: fields.get('end_xlog'),
    beginWal: fields.get('begin_wal'),
    endWal: fields.get('end_wal'),
    beginOffset: read(fields, 'begin_offset', integer),
    endOffset: read(fields, 'end_offset', integer),
    size: read(fields, 'size', integer),
    deduplicatedSize: read(fields, 'deduplicated_size', integer),
    walSegmentSize: read(fields, 'xlog_segment_size', integer),
    backupLabel: read(fields, 'backup_label', labelText),
    tablespaces: read(fields, 'tablespaces', tablespaceList),
    compression: fields.get('compression'),
    encryption: fields.get('encryption'),
    parentBackupId: fields.get('parent_backup_id'),
    configFile: fields.get('config_file'),
    hbaFile: fields.get('hba_file'),
    identFile: fields.get('ident_file'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as unknown as BackupInfo;
}

function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const row of text.split('\n')) {
    if (row.trim() === '' || row.trimStart().startsWith('#')) continue;
    const equals = row.indexOf('=');
    if (equals < 0) throw new Error(`backup.info: not a "name=value" line: "${row.slice(0, 80)}"`);
    const value = row.slice(equals + 1).trim();
    if (value !== 'None') fields.set(row.slice(0, equals).trim(), value);
  }
  return fields;
}

function read<T>(fields: Map<string, string>, name: string, convert: (value: string) => T | undefined): T | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  const converted = convert(value);
  if (converted === undefined) throw new Error(`backup.info: cannot read ${name}`);
  return converted;
}

const integer = (value: string): number | undefined => (/^\d+$/.test(value) ? Number(value) : undefined);

function labelText(value: string): string | undefined {
  const literal = attempt(value);
  return typeof literal === 'string' ? literal : undefined;
}

function tablespaceList(value: string): BackupTablespace[] | undefined {
  const literal = attempt(value);
  if (!Array.isArray(literal)) return undefined;
  const list = literal.map((item) => {
    const [name, oid, location] = Array.isArray(item) ? item : [];
    const good = typeof name === 'string' && typeof oid === 'number' && typeof location === 'string';
    return good ? { name, oid, location } : undefined;
  });
  return list.every((item) => item !== undefined) ? list : undefined;
}

const attempt = (value: string): unknown => {
  try {
    return parsePythonLiteral(value);
  } catch {
    return undefined;
  }
};

const renderTablespaces = (tablespaces: readonly BackupTablespace[]): string => {
  const items = tablespaces.map(
    ({ name, oid, location }) => `(${renderPythonString(name)}, ${oid}, ${renderPythonString(location)})`,
  );
  return `[${items.join(', ')}]`;
};

/** As Python's str(datetime): `2026-11-23 09:08:07.123000+00:00`. */
const renderTime = (when: Date): string => `${when.toISOString().slice(0, -1).replace('T', ' ')}000+00:00`;

/** A time without zone is Barman's local time, which in its containers is UTC. */
function time(value: string): Date | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(?:(Z)|([-+]\d\d):?(\d\d)?(?::\d\d)?)?$/.exec(value);
  const zone = match?.[5] === undefined ? 'Z' : `${match[5]}:${match[6] ?? '00'}`;
  const parsed = match
    ? new Date(`${match[1]}T${match[2]}${(match[3] ?? '.0').slice(0, 4)}${zone}`)
    : new Date(`${value} UTC`);
  return Number.isNaN(parsed.getTime()) ? undefined : parsed;
}

/**
 * The timeline on which a backup ended. `timeline` is the one on which it began: a standby that has followed a new primary begins a
 * backup at its last restart point, which may be of before.
 */
export const endTimeline = ({ endWal, timeline }: Pick<BackupInfo, 'endWal' | 'timeline'>): number =>
  parseWalName(endWal ?? '')?.timeline ?? timeline ?? 1;
