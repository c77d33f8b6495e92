import { PassThrough, Writable, type Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ExecStreams } from './exec.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';

/** Which streams the client asked for. */
export interface Wanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Streams as channels of one WebSocket: v4.channel.k8s.io, and v5, which can also close stdin. */
export function webSocketStreams(socket: WebSocket, wanted: Wanted): ExecStreams {
  const gone = new AbortController();
  const stdin = new PassThrough();
  const resize = new PassThrough();
  const send = (to: number, bytes: Buffer, done?: () => void): void => {
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.from([to]), bytes]), () => done?.());
    else done?.();
  };
  const output = (to: number): Writable =>
    new Writable({ write: (chunk: Buffer, _, done) => send(to, chunk, () => done()) });
  socket.on('message', (message: Buffer) => {
    const bytes = message.subarray(1);
    if (message[0] === channel.stdin && !stdin.write(bytes)) {
      socket.pause();
      stdin.once('drain', () => socket.resume());
    }
    if (message[0] === channel.resize) resize.write(bytes);
    if (message[0] === channel.close && bytes[0] === channel.stdin) stdin.end();
  });
  socket.on('close', () => {
    stdin.end();
    gone.abort();
  });
  // Kubernetes does this too: the client then knows that the streams are open.
  if (wanted.stdout || wanted.stderr) send(wanted.stdout ? channel.stdout : channel.stderr, Buffer.alloc(0));
  return {
    ...(wanted.stdin ? { stdin } : {}),
    ...(wanted.stdout ? { stdout: output(channel.stdout) } : {}),
    ...(wanted.stderr && !wanted.tty ? { stderr: output(channel.stderr) } : {}),
    ...(wanted.tty ? { resize } : {}),
    gone: gone.signal,
    finish(status) {
      send(channel.error, Buffer.from(JSON.stringify(status)), () => socket.close(1000));
    },
  };
}

/** Streams of one SPDY connection, which the client opens one by one and names in a header. */
export async function spdyStreams(transport: Duplex, wanted: Wanted, signal: AbortSignal): Promise<ExecStreams> {
  const connection = new SpdyConnection(transport);
  const expected = ['error', ...(['stdin', 'stdout'] as const).filter((name) => wanted[name])];
  if (wanted.stderr && !wanted.tty) expected.push('stderr');
  if (wanted.tty) expected.push('resize');
  const streams = new Map<string, SpdyStream>();
  const gone = new AbortController();
  connection.on('close', () => gone.abort());
  const complete = new Promise<void>((resolve, reject) => {
    connection.on('stream', (stream) => {
      streams.set(stream.headers['streamtype'] ?? '', stream);
      if (expected.every((name) => streams.has(name))) resolve();
    });
    for (const end of [signal, gone.signal])
      end.addEventListener('abort', () => reject(new Error('streams are missing')));
  });
  void connection.run();
  await complete;
  const pick = (name: 'stdin' | 'stdout' | 'stderr' | 'resize'): Partial<Record<typeof name, SpdyStream>> => {
    const stream = expected.includes(name) ? streams.get(name) : undefined;
    return stream ? { [name]: stream } : {};
  };
  return {
    ...pick('stdin'),
    ...pick('stdout'),
    ...pick('stderr'),
    ...pick('resize'),
    gone: gone.signal,
    finish(status) {
      streams.get('stdout')?.end();
      streams.get('stderr')?.end();
      streams.get('error')?.end(JSON.stringify(status), () => connection.end());
    },
  };
}
