import { once } from 'node:events';
import type { Socket } from 'node:net';
import pg from 'pg';
import { BlockSocket } from './block-socket.ts';
import {
  type Message,
  MessageReader,
  copyDataMessage,
  copyDoneMessage,
  parseDataRow,
  parseServerError,
  queryMessage,
  terminateMessage,
} from './messages.ts';

/** Where a server is and who asks. */
export interface ServerAddress {
  /** An IP address, or the directory of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly ssl?: {
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
    /** The name that the server's certificate must hold; `host` may be an address that it does not name. */
    readonly servername: string;
  };
}

const connectTimeout = 15_000;
const copyPiece = 1 << 16;

/** Milliseconds without a byte after which a peer counts as dead: a server that copies always has something to say. */
const silenceLimit = 120_000;

/** What is used of pg's inner connection, which its types leave out. */
interface PgConnection {
  /** With TLS replaced when the session is encrypted: to be read after the connection is made. */
  readonly stream: Socket;
  on(event: 'parameterStatus', listener: (message: { parameterName: string; parameterValue: string }) => void): void;
}

/**
 * A physical replication connection (walsender). `pg` opens it, with TLS and authentication; then its parser is taken off the
 * socket and messages are read here: as fast as they are consumed and no faster, without a copy. A message is good until the next one is asked for.
 */
export class ReplicationConnection implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #chunk: () => Promise<Buffer | undefined>;
  readonly #reader = new MessageReader();
  readonly #release: () => void;
  /** The server's major version. */
  readonly major: number;
  #pending: Iterator<Message> = [][Symbol.iterator]();

  private constructor(socket: Socket, chunk: () => Promise<Buffer | undefined>, major: number, signal: AbortSignal) {
    this.major = major;
    this.#socket = socket;
    this.#chunk = chunk;
    const abort = (): void => void socket.destroy(asError(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    this.#release = () => signal.removeEventListener('abort', abort);
    socket.setTimeout(silenceLimit, () => socket.destroy(new Error('the server has gone silent')));
    if (signal.aborted) abort();
  }

  static async open(address: ServerAddress, signal: AbortSignal): Promise<ReplicationConnection> {
    signal.throwIfAborted();
    const blocks = address.ssl ? undefined : new BlockSocket();
    const client = new pg.Client({
      ...address,
      ...(blocks && { stream: () => blocks.socket }),
      replication: 'true',
      connectionTimeoutMillis: connectTimeout,
      keepAlive: true,
      application_name: 'howdah',
    } as pg.ClientConfig);
    // After the hand-over errors arrive where the socket is read.
    client.on('error', () => undefined);
    const { connection } = client as unknown as { connection: PgConnection };
    let version = '';
    connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
      if (parameterName === 'server_version') version = parameterValue;
    });
    await client.connect();
    const { stream } = connection;
    stream.removeAllListeners('data');
    stream.pause();
    return new ReplicationConnection(stream, chunksOf(stream, blocks), Number.parseInt(version, 10), signal);
  }

  /** Sends a command and gives its messages up to the server's ReadyForQuery, which is not given. Throws ServerError. */
  async *send(command: string): AsyncGenerator<Message> {
    this.#socket.write(queryMessage(command));
    let error: Error | undefined;
    for (;;) {
      const next = this.#pending.next();
      if (next.done) {
        await this.#fill();
        continue;
      }
      const message = next.value;
      if (message.type === 'E') error = parseServerError(message.payload);
      else if (message.type === 'Z') {
        if (error) throw error;
        return;
      } else if (message.type !== 'N' && message.type !== 'S') yield message;
    }
  }

  async #fill(): Promise<void> {
    const chunk = await this.#chunk();
    // A fatal error (such as a shutdown) is told before the connection ends.
    if (!chunk) throw new Error('the server closed the connection');
    this.#pending = this.#reader.push(chunk);
  }

  /** The rows of a command's only result. */
  async rows(command: string): Promise<(string | null)[][]> {
    const rows: (string | null)[][] = [];
    for await (const message of this.send(command)) if (message.type === 'D') rows.push(parseDataRow(message.payload));
    return rows;
  }

  /** Gives a command that begins a COPY what it is to take in. */
  async copyIn(command: string, data: Buffer): Promise<void> {
    for await (const message of this.send(command)) {
      if (message.type !== 'G') continue;
      for (let at = 0; at < data.length; at += copyPiece) {
        const taken = this.#socket.write(copyDataMessage(data.subarray(at, at + copyPiece)));
        if (!taken) await once(this.#socket, 'drain');
      }
      this.#socket.write(copyDoneMessage());
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    if (!this.#socket.destroyed) this.#socket.end(terminateMessage());
    this.#socket.destroySoon();
  }
}

function chunksOf(socket: Socket, blocks: BlockSocket | undefined): () => Promise<Buffer | undefined> {
  if (blocks) {
    blocks.begin();
    return () => blocks.next();
  }
  const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>;
  return async () => (await chunks.next()).value;
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
