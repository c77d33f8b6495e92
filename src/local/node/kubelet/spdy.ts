// SPDY/3.1 as Kubernetes clients speak it: the server side, without priorities and without flow control, which their library lacks too.
import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { HeaderReader, HeaderWriter, type Headers } from './spdy-headers.ts';

const type = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7 } as const;
const finFlag = 1;
const maxDataBytes = 1 << 16;
/** Larger frames than any client sends; a limit so that nonsense does not fill memory. */
const maxFrameBytes = 1 << 24;

export interface SpdyStream extends Duplex {
  readonly headers: Headers;
}

class Stream extends Duplex implements SpdyStream {
  readonly headers: Headers;
  readonly #send: (payload: Buffer, fin: boolean, done: (error?: Error | null) => void) => void;
  readonly #wanted: () => void;
  readonly #reset: () => void;

  constructor(
    headers: Headers,
    send: (payload: Buffer, fin: boolean, done: (error?: Error | null) => void) => void,
    wanted: () => void,
    reset: () => void,
  ) {
    super({ allowHalfOpen: true });
    this.headers = headers;
    this.#send = send;
    this.#wanted = wanted;
    this.#reset = reset;
  }

  override _read(): void {
    this.#wanted();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, false, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send(Buffer.alloc(0), true, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.readableEnded || !this.writableFinished) this.#reset();
    done(error);
  }
}

function control(kind: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  return Buffer.concat([head, payload]);
}

const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
};

/** One connection. Emits each stream that the client opens; ends its streams when the transport ends. */
export class SpdyConnection extends EventEmitter<{ stream: [SpdyStream]; close: [] }> {
  readonly #transport: Duplex;
  readonly #streams = new Map<number, Stream>();
  readonly #reader = new HeaderReader();
  readonly #writer = new HeaderWriter();
  #proceed: (() => void) | undefined;

  constructor(transport: Duplex) {
    super();
    this.#transport = transport;
    transport.on('error', () => transport.destroy());
  }

  /** Serves until the transport ends. */
  async run(): Promise<void> {
    try {
      let rest = Buffer.alloc(0);
      for await (const chunk of this.#transport as AsyncIterable<Buffer>) {
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 8) {
          const length = rest.readUInt32BE(4) & 0xffffff;
          if (length > maxFrameBytes - 1) throw new Error('SPDY frame too large');
          if (rest.length < 8 + length) break;
          await this.#frame(rest.subarray(0, 8), rest.subarray(8, 8 + length));
          rest = rest.subarray(8 + length);
        }
      }
    } catch {
      // The transport broke or spoke nonsense: either way the connection is over.
    } finally {
      for (const stream of this.#streams.values()) stream.destroy();
      this.#reader.close();
      this.#transport.destroy();
      this.emit('close');
    }
  }

  end(): void {
    this.#transport.write(control(type.goAway, 0, words(0, 0)));
    this.#transport.end();
  }

  async #frame(head: Buffer, payload: Buffer): Promise<void> {
    const first = head.readUInt32BE(0);
    const flags = head[4] ?? 0;
    if (first < 0x80000000) return this.#data(first, flags, payload);
    switch (first & 0xffff) {
      case type.synStream:
        return this.#open(payload.readUInt32BE(0) & 0x7fffffff, flags, payload.subarray(10));
      case type.rstStream:
        return void this.#streams.get(payload.readUInt32BE(0))?.destroy();
      case type.ping:
        return void this.#transport.write(control(type.ping, 0, payload));
      default:
        return undefined;
    }
  }

  async #open(id: number, flags: number, block: Buffer): Promise<void> {
    const headers = await this.#reader.read(block);
    const stream = new Stream(
      headers,
      (chunk, fin, done) => this.#send(id, chunk, fin, done),
      () => this.#proceed?.(),
      () => this.#transport.writable && this.#transport.write(control(type.rstStream, 0, words(id, 5))),
    );
    stream.on('close', () => this.#streams.delete(id));
    stream.on('error', () => undefined);
    this.#streams.set(id, stream);
    this.#transport.write(control(type.synReply, 0, Buffer.concat([words(id), this.#writer.write({})])));
    if ((flags & finFlag) !== 0) stream.push(null);
    this.emit('stream', stream);
  }

  /** Waits with the whole connection while a stream's reader is slow: there is no flow control to ask for less. */
  async #data(id: number, flags: number, payload: Buffer): Promise<void> {
    const stream = this.#streams.get(id);
    if (!stream || stream.readableEnded) return;
    if (payload.length > 0 && !stream.push(Buffer.from(payload)) && !stream.destroyed) {
      await new Promise<void>((resolve) => {
        this.#proceed = resolve;
        stream.once('close', resolve);
      });
      this.#proceed = undefined;
    }
    if ((flags & finFlag) !== 0) stream.push(null);
  }

  #send(id: number, chunk: Buffer, fin: boolean, done: (error?: Error | null) => void): void {
    if (!this.#transport.writable) {
      done();
      return;
    }
    let at = 0;
    do {
      const part = chunk.subarray(at, at + maxDataBytes);
      at += part.length;
      const frame = Buffer.concat([words(id, ((fin ? finFlag : 0) << 24) | part.length), part]);
      if (at < chunk.length) this.#transport.write(frame);
      else this.#transport.write(frame, (error) => done(error));
    } while (at < chunk.length);
  }
}
