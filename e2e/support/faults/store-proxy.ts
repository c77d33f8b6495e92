import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { changing, flipped, type Mischief, resetAfter, type Selection, shortened, slowly } from './mischief.ts';

export type StoreBehaviour = 'passes' | 'refuses' | 'blackhole' | (Mischief & Selection);

export interface StoreProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** How many requests the mischief of now was done to. */
  readonly happened: number;
  /** `refuses`: connections are closed at once; `blackhole`: they are taken and nothing comes back. */
  behave(how: StoreBehaviour): void;
  /** The store behind it is another one from now on. */
  leadTo(endpoint: string): void;
}

const refusal = (code: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>said by the test</Message></Error>`;

function refuse(message: IncomingMessage, response: ServerResponse, how: Mischief & { does: 'answers' }): void {
  message.resume();
  const headers = {
    'content-type': 'application/xml',
    ...(how.retryAfter !== undefined && { 'retry-after': String(how.retryAfter) }),
  };
  response.writeHead(how.status, headers).end(message.method === 'HEAD' ? undefined : refusal(how.code));
}

const hasObject = (message: IncomingMessage, answer: IncomingMessage): boolean =>
  message.method === 'GET' && [200, 206].includes(answer.statusCode ?? 0) && !message.url?.includes('list-type=');

/** Headers of the answer, and what happens to its body. */
function meddle(mischief: Mischief | undefined, message: IncomingMessage, answer: IncomingMessage) {
  const headers = { ...answer.headers };
  const length = Number(headers['content-length'] ?? 0);
  const withoutChecksums = (): void => {
    for (const name of Object.keys(headers)) if (name.startsWith('x-amz-checksum')) delete headers[name];
  };
  switch (mischief?.does) {
    case 'dawdles':
      return { headers, change: slowly(mischief.bytesPerSecond) };
    case 'resets-answer':
      return { headers, change: resetAfter(mischief.after) };
    case 'flips':
      withoutChecksums();
      return { headers, change: hasObject(message, answer) ? flipped(length) : undefined };
    case 'shortens': {
      withoutChecksums();
      if (!hasObject(message, answer)) return { headers, change: undefined };
      const kept = Math.floor(length / 2);
      return { headers: { ...headers, 'content-length': String(kept) }, change: shortened(kept) };
    }
    default:
      return { headers, change: undefined };
  }
}

interface Passage {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly mischief: Mischief | undefined;
  /** Nothing moves any more. */
  readonly stopped: () => boolean;
}

/** As `pipe`, until it is stopped. */
function flow(from: Readable, to: Writable, stopped: () => boolean): void {
  from.on('data', (chunk: Buffer) => {
    if (stopped()) return void from.pause();
    if (to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
  from.on('end', () => to.end());
}

function upload({ message, mischief }: Passage, reset: () => void): Readable {
  if (mischief?.does === 'resets-upload') return message.pipe(changing(resetAfter(mischief.after), reset));
  if (mischief?.does === 'dawdles') return message.pipe(changing(slowly(mischief.bytesPerSecond), reset));
  return message;
}

function forward(passage: Passage, { hostname, port }: URL): void {
  const { message, response, mischief, stopped } = passage;
  // The signed host header goes through as it is, and the store verifies it as the client's own.
  const { method, url: path, headers } = message;
  const onward = request({ hostname, port, method, path, headers, agent: false });
  const reset = (): void => void message.socket.destroy();
  onward.on('response', (answer) => {
    if (stopped()) return;
    const changed = meddle(mischief, message, answer);
    response.writeHead(answer.statusCode ?? 500, changed.headers);
    flow(changed.change ? answer.pipe(changing(changed.change, reset)) : answer, response, stopped);
    answer.on('error', reset);
  });
  onward.on('error', reset);
  response.on('close', () => onward.destroy());
  message.on('error', () => onward.destroy());
  flow(upload(passage, reset), onward, stopped);
}

/** Stands before an object store, on an address that the pods reach, so that one cluster's archive can fail alone. */
export async function storeProxy(endpoint: string): Promise<StoreProxy> {
  let store = new URL(endpoint);
  let how: StoreBehaviour = 'passes';
  let happened = 0;
  const sockets = new Set<Socket>();
  const stopped = (): boolean => how === 'blackhole';
  const chosen = ({ method = '', url = '' }: IncomingMessage): Mischief | undefined => {
    if (typeof how === 'string' || happened >= (how.times ?? Infinity)) return undefined;
    if (how.to?.({ method, url }) === false) return undefined;
    happened += 1;
    return how;
  };
  const server = createServer((message, response) => {
    response.on('error', () => undefined);
    if (stopped()) return;
    const mischief = chosen(message);
    if (mischief?.does === 'answers') refuse(message, response, mischief);
    else forward({ message, response, mischief, stopped }, store);
  });
  server.on('connection', (socket) => {
    if (how === 'refuses') return void socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, store.hostname);
  await once(server, 'listening');
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint: `http://${store.hostname}:${(server.address() as AddressInfo).port}`,
    get happened() {
      return happened;
    },
    behave(next) {
      how = next;
      happened = 0;
      // What is under way fails too; in a black hole it only stops.
      if (next !== 'blackhole') drop();
    },
    leadTo(next) {
      store = new URL(next);
      drop();
    },
    async [Symbol.asyncDispose]() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
