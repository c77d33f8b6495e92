// Header blocks of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00 §2.6.10): length-prefixed pairs, compressed with one zlib stream per
// direction that is primed with a dictionary.
import { createInflate } from 'node:zlib';

const names = `options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5
content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since
last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer
transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public
set-cookie keep-alive origin`;

const codes = '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505';
const phrases = [
  '203 Non-Authoritative Information',
  '204 No Content',
  '301 Moved Permanently',
  '400 Bad Request',
  '401 Unauthorized',
  '403 Forbidden',
  '404 Not Found',
  '500 Internal Server Error',
  '501 Not Implemented',
  '503 Service Unavailable',
];
const rest =
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,' +
  'publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

const prefixed = (text: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
};

/** The dictionary of the protocol, 1423 bytes. */
export function headerDictionary(): Buffer {
  const words = names.split(/\s+/).map((name) => prefixed(name.replace('_', ' ')));
  return Buffer.concat([...words, Buffer.from(codes + phrases.join('') + rest)]);
}

export type Headers = Readonly<Record<string, string>>;

function decode(block: Buffer): Headers {
  const headers: Record<string, string> = {};
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    at += 4 + length;
    return block.subarray(at - length, at).toString('utf8');
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text().toLowerCase();
    headers[name] = text().split('\0')[0] ?? '';
  }
  return headers;
}

/** Reads the header blocks of one direction, in their order. */
export class HeaderReader {
  readonly #inflate = createInflate({ dictionary: headerDictionary() });
  #failed: Error | undefined;

  constructor() {
    this.#inflate.on('error', (error) => (this.#failed = error));
  }

  async read(block: Buffer): Promise<Headers> {
    const parts: Buffer[] = [];
    const take = (): void => {
      for (let part = this.#inflate.read() as Buffer | null; part; part = this.#inflate.read() as Buffer | null)
        parts.push(part);
    };
    this.#inflate.on('readable', take);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#inflate.once('error', reject);
        this.#inflate.write(block, () => {
          this.#inflate.removeListener('error', reject);
          resolve();
        });
      });
    } finally {
      this.#inflate.removeListener('readable', take);
    }
    take();
    if (this.#failed) throw this.#failed;
    return decode(Buffer.concat(parts));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

/** First bytes of a zlib stream with a preset dictionary: method, flags, Adler-32 of the dictionary (RFC 1950 §2.2). */
const zlibStart = Buffer.from([0x78, 0x20, 0xe3, 0xc6, 0xa7, 0xc2]);

/** An empty stored block, which makes the reader hand over what it has. */
const flushMark = Buffer.from([0, 0, 0, 0xff, 0xff]);

/** Writes header blocks as stored blocks (RFC 1951 §3.2.4): they are few and small, so nothing is gained by compressing them. */
export class HeaderWriter {
  #begun = false;

  write(headers: Headers): Buffer {
    const count = Buffer.alloc(4);
    const pairs = Object.entries(headers);
    count.writeUInt32BE(pairs.length);
    const block = Buffer.concat([count, ...pairs.flatMap(([name, value]) => [prefixed(name), prefixed(value)])]);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(block.length, 1);
    stored.writeUInt16LE(~block.length & 0xffff, 3);
    const start = this.#begun ? [] : [zlibStart];
    this.#begun = true;
    return Buffer.concat([...start, stored, block, flushMark]);
  }
}
