import { type Lsn, parseLsn } from '../../postgres/lsn.ts';
import type { ReplicationConnection } from './connection.ts';
import { type Message, parseDataRow } from './messages.ts';

export interface BaseBackupOptions {
  readonly label: string;
  readonly checkpoint: 'fast' | 'spread';
  /** Whether the server waits until the backup's last segment is archived. */
  readonly waitForArchive: boolean;
  readonly checksums?: 'SHA256' | 'CRC32C';
  /** KiB per second, 32 to 1048576. */
  readonly maxRate?: number;
  /** Only what has changed since the backup with this manifest. From PostgreSQL 17 on, with WAL summaries. */
  readonly since?: Buffer;
}

export interface BackupTablespace {
  /** Undefined: the data directory itself. */
  readonly oid: string | undefined;
  /** The directory on the server; '' for the data directory. */
  readonly location: string;
}

export interface BackupPosition {
  readonly lsn: Lsn;
  readonly timeline: number;
}

/** One archive in tar format. Its content is consumed before the next archive is asked for; a chunk is good until the next one is. */
export interface BackupArchive extends BackupTablespace {
  readonly content: AsyncIterable<Buffer>;
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The command in the syntax of the server's version (documentation, chapter "Streaming Replication Protocol"). */
export function baseBackupCommand(major: number, options: BaseBackupOptions): string {
  const checksums = options.checksums ?? 'SHA256';
  if (major < 15) {
    const words = ['BASE_BACKUP', `LABEL ${quote(options.label)}`];
    if (options.checkpoint === 'fast') words.push('FAST');
    if (!options.waitForArchive) words.push('NOWAIT');
    if (options.maxRate !== undefined) words.push(`MAX_RATE ${options.maxRate}`);
    words.push('TABLESPACE_MAP', `MANIFEST 'yes'`, `MANIFEST_CHECKSUMS ${quote(checksums)}`);
    return words.join(' ');
  }
  const list = [
    `LABEL ${quote(options.label)}`,
    `CHECKPOINT ${quote(options.checkpoint)}`,
    `WAIT ${options.waitForArchive}`,
    'TABLESPACE_MAP true',
    `MANIFEST 'yes'`,
    `MANIFEST_CHECKSUMS ${quote(checksums)}`,
  ];
  if (options.maxRate !== undefined) list.push(`MAX_RATE ${options.maxRate}`);
  if (options.since) list.push('INCREMENTAL');
  return `BASE_BACKUP (${list.join(', ')})`;
}

type BackupEvent =
  | { readonly kind: 'archive'; readonly archive: BackupTablespace }
  | { readonly kind: 'manifest' }
  | { readonly kind: 'data'; readonly chunk: Buffer };

/** Both framings as one sequence: from 15 on each CopyData names its kind; before, each archive is a copy of its own. */
class Framing {
  readonly #typed: boolean;
  readonly #tablespaces: readonly BackupTablespace[];
  #copies = 0;

  constructor(major: number, tablespaces: readonly BackupTablespace[]) {
    this.#typed = major >= 15;
    this.#tablespaces = tablespaces;
  }

  event(message: Message): BackupEvent | undefined {
    if (message.type === 'H') return this.#typed ? undefined : this.#copyBegins();
    if (message.type !== 'd') return undefined;
    if (!this.#typed) return { kind: 'data', chunk: message.payload };
    const content = message.payload.subarray(1);
    switch (String.fromCharCode(message.payload[0] ?? 0)) {
      case 'n':
        return { kind: 'archive', archive: this.#archiveNamed(content.toString().split('\0')) };
      case 'm':
        return { kind: 'manifest' };
      case 'd':
        return { kind: 'data', chunk: content };
      case 'p':
        return undefined;
      default:
        throw new Error('BASE_BACKUP: the server sent a kind of message that is not known');
    }
  }

  #copyBegins(): BackupEvent {
    const archive = this.#tablespaces[this.#copies];
    this.#copies += 1;
    return archive ? { kind: 'archive', archive } : { kind: 'manifest' };
  }

  #archiveNamed([name = '', location = '']: string[]): BackupTablespace {
    if (name === 'base.tar') return { oid: undefined, location: '' };
    const oid = /^(\d+)\.tar$/.exec(name)?.[1];
    if (oid === undefined) throw new Error(`BASE_BACKUP: unexpected archive "${name}"`);
    return { oid, location };
  }
}

const position = (row: (string | null)[]): BackupPosition => ({
  lsn: parseLsn(row[0] ?? ''),
  timeline: Number(row[1]),
});

/** A backup that a server is sending. Consume `archives()`, then ask for `manifest` and `stop`. */
export class BaseBackup {
  readonly start: BackupPosition;
  readonly tablespaces: readonly BackupTablespace[];
  readonly #messages: AsyncGenerator<Message>;
  readonly #framing: Framing;
  readonly #manifest: Buffer[] = [];
  #next: BackupEvent | undefined;
  #stop: BackupPosition | undefined;

  private constructor(
    major: number,
    messages: AsyncGenerator<Message>,
    start: BackupPosition,
    tablespaces: readonly BackupTablespace[],
  ) {
    this.start = start;
    this.tablespaces = tablespaces;
    this.#messages = messages;
    this.#framing = new Framing(major, tablespaces);
  }

  /** Resolves when the server's checkpoint is done and the backup has begun. `major` is the server's version. */
  static async begin(
    connection: ReplicationConnection,
    major: number,
    options: BaseBackupOptions,
  ): Promise<BaseBackup> {
    if (options.since) await connection.copyIn('UPLOAD_MANIFEST', options.since);
    const messages = connection.send(baseBackupCommand(major, options));
    const results: (string | null)[][][] = [];
    for (let complete = 0; complete < 2;) {
      const { value, done } = await messages.next();
      if (done) throw new Error('BASE_BACKUP: the server ended the command before the backup began');
      if (value.type === 'T') results.push([]);
      if (value.type === 'D') results.at(-1)?.push(parseDataRow(value.payload));
      if (value.type === 'C') complete += 1;
    }
    const tablespaces = (results[1] ?? []).map(([oid, location]) => ({
      oid: oid ?? undefined,
      location: location ?? '',
    }));
    return new BaseBackup(major, messages, position(results[0]?.[0] ?? []), tablespaces);
  }

  async *archives(): AsyncGenerator<BackupArchive> {
    await this.#advance();
    while (this.#next?.kind === 'archive') {
      const archive = this.#next.archive;
      yield { ...archive, content: this.#content() };
    }
    if (this.#next?.kind !== 'manifest') throw new Error('BASE_BACKUP: the server sent no manifest');
    for await (const chunk of this.#content()) this.#manifest.push(Buffer.from(chunk));
  }

  /** After `archives()` has ended. */
  get manifest(): Buffer {
    return Buffer.concat(this.#manifest);
  }

  /** Where the backup ends: recovery from it must reach this position. After `archives()` has ended. */
  get stop(): BackupPosition {
    if (!this.#stop) throw new Error('BASE_BACKUP: the backup has not ended');
    return this.#stop;
  }

  async *#content(): AsyncGenerator<Buffer> {
    for (;;) {
      await this.#advance();
      if (this.#next?.kind !== 'data') return;
      yield this.#next.chunk;
    }
  }

  async #advance(): Promise<void> {
    this.#next = undefined;
    for (;;) {
      const { value, done } = await this.#messages.next();
      if (done) return;
      if (value.type === 'D') this.#stop = position(parseDataRow(value.payload));
      this.#next = this.#framing.event(value);
      if (this.#next) return;
    }
  }
}
