import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { S3Error, toS3Error } from './errors.ts';
import type { Reply } from './operation.ts';
import { readRequest } from './request.ts';
import { operationFor } from './router.ts';
import type { Credentials } from './signature.ts';
import { authenticate } from './signature.ts';
import type { Store } from './store.ts';
import { renderErrorXml } from './xml.ts';

export interface ServerContext {
  readonly store: Store;
  readonly credentials: Credentials;
  /** PEM; default: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** What was no fault of a client. */
  readonly onError: (error: unknown) => void;
}

const headersTimeoutMs = 60_000;
/** Of a connection on which nothing moves. */
const idleTimeoutMs = 120_000;
const keepAliveMs = 65_000;

export interface ObjectServer {
  readonly server: Server;
  /** Resolves when no request is being worked on. */
  readonly idle: () => Promise<void>;
}

export function createObjectServer(context: ServerContext): ObjectServer {
  const limits = { requestTimeout: 0, headersTimeout: headersTimeoutMs, keepAliveTimeout: keepAliveMs };
  const server = context.tls ? createTlsServer({ ...limits, ...context.tls }) : createServer(limits);
  server.timeout = idleTimeoutMs;
  const running = new Set<Promise<void>>();
  const serve = (message: IncomingMessage, response: ServerResponse): void => {
    const work = handle(context, message, response)
      .catch((error: unknown) => {
        context.onError(error);
        response.destroy();
      })
      .finally(() => running.delete(work));
    running.add(work);
  };
  server.on('request', serve);
  // Who waits for "100 Continue" sends a body only after the checks that need none.
  server.on('checkContinue', serve);
  return { server, idle: async () => void (await Promise.all(running)) };
}

async function handle(context: ServerContext, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = randomBytes(8).toString('hex').toUpperCase();
  response.setHeader('x-amz-request-id', id);
  response.setHeader('server', 'howdah');
  response.setHeader('date', new Date(context.store.now()).toUTCString());
  let reply: Reply;
  try {
    const request = readRequest(message);
    const authenticated = authenticate(request, context.credentials, context.store.now());
    const operation = operationFor(request);
    if (message.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
    reply = await operation({ request, authenticated, store: context.store });
  } catch (error) {
    // Nobody is left to answer to.
    if (message.destroyed && !message.complete) return;
    const answer = toS3Error(error);
    if (!(error instanceof S3Error)) context.onError(error);
    reply = errorReply(answer, message.url ?? '', id);
  }
  // What is left of the body of a refused request, so that its sender gets to read the answer.
  message.resume();
  await respond(message, response, reply);
}

const errorReply = (error: S3Error, resource: string, id: string): Reply => ({
  status: error.status,
  headers: { 'content-type': 'application/xml', ...error.headers },
  body: renderErrorXml([
    ['Code', error.code],
    ['Message', error.message],
    ['Resource', resource.split('?')[0] ?? ''],
    ['RequestId', id],
  ]),
});

async function respond(
  message: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Reply,
): Promise<void> {
  const length = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  try {
    response.writeHead(status, {
      ...headers,
      ...(status !== 204 && status !== 304 && { 'content-length': length }),
    });
    if (message.method === 'HEAD' || body === undefined || typeof body === 'string') {
      response.end(message.method === 'HEAD' ? undefined : body);
      return;
    }
    await pipeline(body.data, response);
  } catch (error) {
    // A client that goes away in the middle is its own affair; the answer is cut either way.
    if (!response.destroyed || (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  } finally {
    if (body !== undefined && typeof body !== 'string') body.release();
  }
}
