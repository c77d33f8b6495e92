// Messages of PostgreSQL's protocol as the server sends them (documentation, chapter "Frontend/Backend Protocol").

export interface Message {
  /** The type byte as a character. */
  readonly type: string;
  readonly payload: Buffer;
}

/** Cuts a stream of bytes into messages. A payload shares memory with the chunk it came in. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #missing = 0;

  *push(chunk: Buffer): Generator<Message> {
    if (this.#missing > 0) {
      // Collected without joining at every chunk: a manifest's message may be long.
      this.#parts.push(chunk);
      this.#missing -= chunk.length;
      if (this.#missing > 0) return;
      chunk = Buffer.concat(this.#parts);
      this.#parts = [];
      this.#missing = 0;
    } else if (this.#rest.length > 0) {
      chunk = Buffer.concat([this.#rest, chunk]);
    }
    let at = 0;
    while (chunk.length - at >= 5) {
      const length = chunk.readUInt32BE(at + 1) + 1;
      if (chunk.length - at < length) {
        this.#missing = length - (chunk.length - at);
        this.#parts = [chunk.subarray(at)];
        this.#rest = Buffer.alloc(0);
        return;
      }
      yield { type: String.fromCharCode(chunk[at] ?? 0), payload: chunk.subarray(at + 5, at + length) };
      at += length;
    }
    this.#rest = chunk.subarray(at);
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
