import { availableParallelism } from 'node:os';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { BackupInfo } from '../../objectstore/backup-info.ts';
import { putBackupInfo } from '../../objectstore/backup-info-object.ts';
import { compressStream } from '../../objectstore/codec/compression.ts';
import { encodingMetadata, openBuffer, sealBuffer, sealStream } from '../../objectstore/codec/pipeline.ts';
import { frameFormat } from '../../objectstore/frames/codec.ts';
import { frameIndexKey, renderFrameIndex } from '../../objectstore/frames/index-file.ts';
import { type FrameSizes, compressFrames } from '../../objectstore/frames/write.ts';
import { backupDirectory, backupInfoKey, dataKey } from '../../objectstore/layout.ts';
import { partSizeFor } from '../../objectstore/parts.ts';
import { parseBackupManifest } from '../../postgres/backup-manifest.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { segmentName, segmentNumber, segmentNumberBefore } from '../../postgres/wal-name.ts';
import { type BackupArchive, BaseBackup, type BaseBackupOptions } from '../replication/base-backup.ts';
import { ReplicationConnection, type ServerAddress } from '../replication/connection.ts';
import { ContentRecord } from '../replication/manifest-check.ts';
import { ServerError } from '../replication/messages.ts';
import type { Archive } from '../wal/archive-source.ts';
import { neededSegments } from './needed-wal.ts';
import { observe } from './observe.ts';
import { type ServerFacts, readServerFacts } from './server-facts.ts';

export interface BackupRequest {
  readonly archive: Archive;
  /** Id in the archive, by layout.backupId(). */
  readonly id: string;
  readonly name: string;
  /** SQL, as superuser. */
  readonly sql: pg.ClientConfig;
  /** Replication connections, to the same server. */
  readonly replication: ServerAddress;
  readonly extent: BackupExtent;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface BackupParent {
  readonly id: string;
  readonly manifest: Buffer;
  /** Without it there is no backup; else a full one is taken where the server cannot go on from it. */
  readonly required: boolean;
}

/** What a backup holds, and how fast it is read. */
export interface BackupExtent {
  /** Only what has changed since this one. */
  readonly parent?: BackupParent | undefined;
  /** KiB per second. */
  readonly maxRate?: number | undefined;
}

export interface TakenBackup {
  readonly info: BackupInfo;
  /** What must be in the archive before the backup is complete. */
  readonly segments: readonly string[];
  /** Why it is a full one although a parent was given. */
  readonly full: string | undefined;
}

const labelFile = 'backup_label';

/** A name for the manifest beside Barman's files; Barman passes over it. */
export const manifestKey = (archive: Archive, id: string): string =>
  `${backupDirectory(archive.config.location, id)}backup_manifest`;

const manifestContext = (id: string): string => `${id}/backup_manifest`;

/** The manifest that a backup was stored with; undefined for one of Barman's. */
export async function readManifest(archive: Archive, id: string, signal: AbortSignal): Promise<Buffer | undefined> {
  const found = await archive.store.get(manifestKey(archive, id), { signal });
  if (!found) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of found.body) chunks.push(chunk as Buffer);
  return openBuffer({ keys: archive.config.keys, context: manifestContext(id) }, Buffer.concat(chunks));
}

/** Stores a base backup, verified against PostgreSQL's manifest on its way, with backup.info in state WAITING_FOR_WALS. */
export async function takeBackup(request: BackupRequest): Promise<TakenBackup> {
  const { archive, id, signal, log } = request;
  const facts = await readServerFacts(request.sql);
  await using connection = await ReplicationConnection.open(request.replication, signal);
  const beginTime = new Date();
  const { backup, parent, full } = await begin(request, connection);
  log.info({ backupId: id, start: formatLsn(backup.start.lsn), timeline: backup.start.timeline }, 'Base backup begun');
  const record = new ContentRecord();
  const keep = new Map([[labelFile, '']]);
  let size = 0;
  const count = (bytes: number): void => void (size += bytes);
  for await (const part of backup.archives())
    await storeArchive(request, part, { record, keep, count, expected: facts.size });
  const manifest = parseBackupManifest(backup.manifest);
  record.verify(manifest);
  const { keys, data } = archive.config;
  const sealed = await sealBuffer({ keys, context: manifestContext(id) }, backup.manifest);
  const options = { ...data.attributes, metadata: encodingMetadata({ keys }), signal };
  await archive.store.put(manifestKey(archive, id), sealed, options);
  const info = describe(request, { facts, backup, parent, beginTime, size, label: keep.get(labelFile) ?? '' });
  await writeInfo(archive, id, info, signal);
  return { info, segments: neededSegments(manifest.walRanges, facts.segmentSize), full };
}

/** What PostgreSQL says, before it has sent anything, when its WAL summaries do not reach back to the parent, or its history has left it. */
const notInPrerequisiteState = '55000';

interface Begun {
  readonly backup: BaseBackup;
  readonly parent: BackupParent | undefined;
  readonly full: string | undefined;
}

async function begin({ name, archive, extent, log }: BackupRequest, connection: ReplicationConnection): Promise<Begun> {
  const { parent, maxRate } = extent;
  const options: BaseBackupOptions = {
    label: name,
    checkpoint: archive.config.data.immediateCheckpoint ? 'fast' : 'spread',
    waitForArchive: false,
    ...(maxRate !== undefined && { maxRate }),
  };
  let full: string | undefined;
  if (parent) {
    try {
      const since = parent.manifest;
      const backup = await BaseBackup.begin(connection, connection.major, { ...options, since });
      return { backup, parent, full };
    } catch (error) {
      const cannot = error instanceof ServerError && error.code === notInPrerequisiteState;
      if (parent.required || !cannot) throw error;
      full = `A full backup is taken: this instance cannot go on from backup ${parent.id}: ${error.message}`;
      log.warn({ err: error, parent: parent.id }, 'A full backup is taken instead of an incremental one');
    }
  }
  return { backup: await BaseBackup.begin(connection, connection.major, options), parent: undefined, full };
}

export async function writeInfo(archive: Archive, id: string, info: BackupInfo, signal: AbortSignal): Promise<void> {
  const { location, data } = archive.config;
  await putBackupInfo(archive.store, backupInfoKey(location, id), info, { ...data.attributes, signal });
}

interface Measures {
  readonly record: ContentRecord;
  readonly keep: Map<string, string>;
  readonly count: (bytes: number) => void;
  /** Bytes that the archive may have. */
  readonly expected: number;
}

async function storeArchive(request: BackupRequest, part: BackupArchive, measures: Measures): Promise<void> {
  const { archive, id, signal } = request;
  const { compression, attributes, jobs } = archive.config.data;
  const { record, keep, count } = measures;
  const manifestPrefix = part.oid === undefined ? '' : `pg_tblspc/${part.oid}/`;
  const observed = observe(part.content, { record, manifestPrefix, keep });
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of observed) {
      count(chunk.length);
      yield chunk;
    }
  }
  const oid = part.oid === undefined ? undefined : Number(part.oid);
  const key = dataKey(archive.config.location, id, compression, oid);
  const format = frameFormat(compression);
  const sizes: FrameSizes = [];
  const ahead = Math.max(jobs, availableParallelism()) + 1;
  const packed = format
    ? compressFrames(format, counted(), { ahead, sizes, signal })
    : compressStream(compression, counted());
  const { keys } = archive.config;
  const content = sealStream({ keys, context: `${id}/${oid ?? 'data'}.tar` }, packed);
  await archive.store.upload(key, content, {
    ...attributes,
    metadata: encodingMetadata({ keys }),
    concurrency: jobs,
    partSize: partSizeFor(measures.expected),
    signal,
  });
  if (format) await archive.store.put(frameIndexKey(key), renderFrameIndex(sizes), { ...attributes, signal });
}

interface Facts {
  readonly facts: ServerFacts;
  readonly backup: BaseBackup;
  readonly parent: BackupParent | undefined;
  readonly beginTime: Date;
  readonly size: number;
  readonly label: string;
}

function describe(request: BackupRequest, { facts, backup, parent, beginTime, size, label }: Facts): BackupInfo {
  const { start, stop } = backup;
  const { segmentSize } = facts;
  const { location, data } = request.archive.config;
  return {
    status: 'WAITING_FOR_WALS',
    backupName: request.name,
    serverName: location.server,
    mode: 'concurrent',
    systemId: facts.systemIdentifier,
    version: facts.version,
    pgdata: facts.dataDirectory,
    timeline: start.timeline,
    beginTime,
    endTime: new Date(),
    beginXlog: formatLsn(start.lsn),
    endXlog: formatLsn(stop.lsn),
    beginWal: segmentName(start.timeline, segmentNumber(start.lsn, segmentSize), segmentSize),
    endWal: segmentName(stop.timeline, segmentNumberBefore(stop.lsn, segmentSize), segmentSize),
    beginOffset: Number(start.lsn % BigInt(segmentSize)),
    endOffset: Number(stop.lsn % BigInt(segmentSize)),
    size,
    walSegmentSize: segmentSize,
    backupLabel: label,
    tablespaces: backup.tablespaces.flatMap(({ oid, location: place }) =>
      oid === undefined ? [] : [{ name: facts.tablespaces.get(Number(oid)) ?? oid, oid: Number(oid), location: place }],
    ),
    ...(parent && { parentBackupId: parent.id }),
    ...(data.compression === 'none' ? {} : { compression: data.compression }),
    configFile: facts.configFile,
    hbaFile: facts.hbaFile,
    identFile: facts.identFile,
  };
}
