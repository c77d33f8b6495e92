import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import { SpdyConnection, type SpdyStream } from './spdy.ts';
import type { Duplex } from 'node:stream';

async function open(address: string, port: number): Promise<Socket> {
  const socket = connect({ host: address, port, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

const failure = (port: number, error: unknown): string =>
  `error forwarding port ${port} to pod: ${error instanceof Error ? error.message : String(error)}`;

/** One forwarded connection: a data stream and an error stream of the same request. */
async function forward(address: string, data: SpdyStream, errors: SpdyStream): Promise<void> {
  const port = Number(data.headers['port']);
  try {
    const socket = await open(address, port);
    // Either end may close its half first; a reset on one side ends the other.
    await Promise.allSettled([pipeline(data, socket), pipeline(socket, data)]);
    socket.destroy();
    errors.end();
  } catch (error) {
    errors.end(failure(port, error));
    data.destroy();
  }
}

/** Port-forward over SPDY/3.1, directly or inside a WebSocket: pairs of streams that bear the same request id. */
export async function forwardSpdy(transport: Duplex, address: string): Promise<void> {
  const connection = new SpdyConnection(transport);
  const waiting = new Map<string, SpdyStream>();
  connection.on('stream', (stream) => {
    const { requestid: id = '', streamtype: kind } = stream.headers;
    const other = waiting.get(id);
    if (!other) {
      waiting.set(id, stream);
      stream.once('close', () => waiting.delete(id));
      return;
    }
    waiting.delete(id);
    const [data, errors] = kind === 'data' ? [stream, other] : [other, stream];
    errors.resume();
    void forward(address, data, errors);
  });
  await connection.run();
}

const portBytes = (port: number): Buffer => Buffer.from([port & 0xff, port >> 8]);

/** Forwards one port over two channels of a WebSocket: `channel` for data, the next for errors. */
async function forwardChannel(socket: WebSocket, address: string, port: number, channel: number): Promise<void> {
  const send = (to: number, bytes: Buffer): void => socket.send(Buffer.concat([Buffer.from([to]), bytes]));
  // Kubernetes begins both channels with the port, so that a client can tell that they are there.
  send(channel, portBytes(port));
  send(channel + 1, portBytes(port));
  const early: Buffer[] = [];
  let target: Socket | undefined;
  socket.on('message', (message: Buffer) => {
    if (message[0] !== channel) return;
    const bytes = message.subarray(1);
    if (!target) early.push(bytes);
    else if (!target.write(bytes)) {
      socket.pause();
      target.once('drain', () => socket.resume());
    }
  });
  try {
    target = await open(address, port);
    for (const bytes of early) target.write(bytes);
    socket.on('close', () => target?.destroy());
    for await (const chunk of target as AsyncIterable<Buffer>) {
      await new Promise((resolve) => socket.send(Buffer.concat([Buffer.from([channel]), chunk]), resolve));
    }
  } catch (error) {
    if (socket.readyState === socket.OPEN) send(channel + 1, Buffer.from(failure(port, error)));
  }
}

/** Port-forward over WebSocket channels (v4.channel.k8s.io), as @kubernetes/client-node does. */
export async function forwardWebSocket(socket: WebSocket, address: string, ports: readonly number[]): Promise<void> {
  await Promise.all(ports.map((port, index) => forwardChannel(socket, address, port, index * 2)));
  socket.close(1000);
}
