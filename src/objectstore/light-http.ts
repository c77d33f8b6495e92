import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { StreamBody } from './port.ts';
import { isIP } from 'node:net';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface HttpRequest {
  readonly method: string;
  readonly origin: URL;
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | StreamBody | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** To be read to its end or destroyed. */
  readonly body: IncomingMessage;
}

export interface Sender extends Disposable {
  send(request: HttpRequest): Promise<HttpAnswer>;
}

const connectTimeoutMs = 5_000;
const idleTimeoutMs = 60_000;
const maxSockets = 64;

const sizeOf = (body: Buffer | StreamBody | undefined): number =>
  body === undefined ? 0 : Buffer.isBuffer(body) ? body.length : body.size;

/** One chunk at a time; it stops when the request was answered or broken before its end. */
async function sendBody(request: ClientRequest, body: StreamBody, progress: () => void): Promise<void> {
  const over = new Promise<false>((resolve) => {
    request.once('response', () => resolve(false));
    request.once('close', () => resolve(false));
  });
  const write = (chunk: Buffer): Promise<boolean> =>
    Promise.race([new Promise<boolean>((resolve) => request.write(chunk, () => resolve(true))), over]);
  for await (const chunk of body.open()) {
    if (request.destroyed || !(await write(chunk))) return;
    progress();
  }
  request.end();
}

const timedOut = (what: string): Error => Object.assign(new Error(what), { name: 'TimeoutError' });

/** Connections that are kept and used again; `attemptTimeoutMs` is from the start of a request to the head of its answer. */
export function createSender({ ca, attemptTimeoutMs }: { ca: string | undefined; attemptTimeoutMs: number }): Sender {
  const http = new HttpAgent({ keepAlive: true, maxSockets });
  const https = new HttpsAgent({ keepAlive: true, maxSockets, ...(ca !== undefined && { ca }) });
  const send = ({ method, origin, target, headers, body, signal }: HttpRequest): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const secure = origin.protocol === 'https:';
      const options = {
        ...{ method, path: target, headers: { ...headers, 'content-length': String(sizeOf(body)) } },
        ...{ host: origin.hostname.replace(/^\[(.*)\]$/, '$1'), port: origin.port, timeout: idleTimeoutMs },
        ...(signal && { signal }),
      };
      const request = secure
        ? httpsRequest({ ...options, agent: https, servername: isIP(options.host) === 0 ? options.host : '' })
        : httpRequest({ ...options, agent: http });
      const late = setTimeout(() => request.destroy(timedOut('no answer in time')), attemptTimeoutMs);
      request.on('socket', (socket) => {
        if (!socket.connecting) return;
        const slow = setTimeout(() => request.destroy(timedOut('connection timed out')), connectTimeoutMs);
        socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(slow));
        socket.once('close', () => clearTimeout(slow));
      });
      request.on('timeout', () => request.destroy(timedOut('the connection went silent')));
      // After the answer has begun, its reader learns of failures.
      request.on('error', (error) => {
        clearTimeout(late);
        reject(error);
      });
      request.on('response', (answer) => {
        clearTimeout(late);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer });
      });
      if (body === undefined || Buffer.isBuffer(body)) request.end(body);
      else {
        sendBody(request, body, () => late.refresh()).catch((error: unknown) =>
          request.destroy(error instanceof Error ? error : new Error(String(error))),
        );
      }
    });
  return {
    send,
    [Symbol.dispose]() {
      http.destroy();
      https.destroy();
    },
  };
}

const maxDocument = 16 * 1024 * 1024;

export async function readDocument({ body }: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxDocument) throw new Error('the answer is longer than any that was expected');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
