// Messages of PostgreSQL's protocol as the server sends them (documentation, chapter "Frontend/Backend Protocol").

export interface Message {
  /** The type byte as a character. */
  readonly type: string;
  readonly payload: Buffer;
}

/** Type and length. */
const headSize = 5;
const lengthAt = (bytes: Buffer, at: number): number => bytes.readUInt32BE(at + 1) + 1;

const messageOf = (bytes: Buffer, at: number, length: number): Message => ({
  type: String.fromCharCode(bytes[at] ?? 0),
  payload: bytes.subarray(at + headSize, at + length),
});

/** Cuts a stream of bytes into messages. A payload is good until the next message is asked for, a chunk until the next is pushed. */
export class MessageReader {
  /** A message of which only a part has come: the same memory for one after the other. */
  #begun = Buffer.allocUnsafeSlow(1 << 16);
  #size = 0;

  *push(chunk: Buffer): Generator<Message> {
    let at = 0;
    if (this.#size > 0) {
      at += this.#take(chunk, at, headSize);
      if (this.#size < headSize) return;
      const length = lengthAt(this.#begun, 0);
      at += this.#take(chunk, at, length);
      if (this.#size < length) return;
      this.#size = 0;
      yield messageOf(this.#begun, 0, length);
    }
    while (chunk.length - at >= headSize) {
      const length = lengthAt(chunk, at);
      if (chunk.length - at < length) break;
      yield messageOf(chunk, at, length);
      at += length;
    }
    this.#take(chunk, at, chunk.length - at);
  }

  /** Copies from the chunk until there are `size` bytes of the message, or all that there is; says how many. */
  #take(chunk: Buffer, at: number, size: number): number {
    if (size > this.#begun.length) {
      const larger = Buffer.allocUnsafeSlow(2 * size);
      this.#begun.copy(larger, 0, 0, this.#size);
      this.#begun = larger;
    }
    const copied = size > this.#size ? chunk.copy(this.#begun, this.#size, at, at + size - this.#size) : 0;
    this.#size += copied;
    return copied;
  }
}

/** An error that the server reported; `code` is the SQLSTATE. */
export class ServerError extends Error {
  readonly code: string;

  constructor(message: string, code: string, detail: string | undefined) {
    super(detail === undefined ? message : `${message} (${detail})`);
    this.name = 'ServerError';
    this.code = code;
  }
}

export function parseServerError(payload: Buffer): ServerError {
  const fields = new Map<string, string>();
  for (const part of payload.toString().split('\0')) if (part !== '') fields.set(part[0] ?? '', part.slice(1));
  return new ServerError(fields.get('M') ?? 'unknown error', fields.get('C') ?? '', fields.get('D'));
}

/** The columns of a DataRow as text. */
export function parseDataRow(payload: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = payload.readUInt16BE(0); left > 0; left -= 1) {
    const length = payload.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : payload.toString('utf8', at, at + length));
    if (length > 0) at += length;
  }
  return values;
}

export function queryMessage(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeUInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}

/** A piece of what a COPY takes in. */
export function copyDataMessage(data: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write('d');
  head.writeUInt32BE(data.length + 4, 1);
  return Buffer.concat([head, data]);
}

export const copyDoneMessage = (): Buffer => Buffer.from([0x63, 0, 0, 0, 4]);

export const terminateMessage = (): Buffer => Buffer.from([0x58, 0, 0, 0, 4]);
