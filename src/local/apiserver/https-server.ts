import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { authenticate } from './auth/authenticate.ts';
import { impersonated } from './auth/impersonate.ts';
import { ApiError, internal, statusBody } from './model/errors.ts';
import type { Call, Services } from './call/services.ts';
import type { User } from './model/types.ts';
import type { Answer } from './http/answer.ts';
import { readBody } from './http/body.ts';
import { dispatch } from './dispatch.ts';
import { parseRequest } from './call/request-info.ts';
import { refuse, upgrade } from './upgrade.ts';

/** A watcher that is this far behind is cut off: it starts again from a list. */
const slowestClient = 32 * 1024 * 1024;
const compressFrom = 128 * 1024;

export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export type Log = (level: 'info' | 'error', message: string, fields?: object) => void;

export function makeCall(
  services: Services,
  request: IncomingMessage,
  user: User,
  url: URL,
  signal: AbortSignal,
): Call {
  let body: Promise<Buffer> | undefined;
  return {
    services,
    user,
    signal,
    query: url.searchParams,
    info: parseRequest(request.method ?? 'GET', url, services.registry),
    accept: request.headers.accept ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    contentType: request.headers['content-type'] ?? '',
    body: () => (body ??= readBody(request)),
    warnings: [],
  };
}

const userOf = (services: Services, request: IncomingMessage): User =>
  impersonated(authenticate(request, services.tokens, services.now()), request.headers, services.rbac);

export const requestUrl = (request: IncomingMessage): URL => new URL(request.url ?? '/', 'https://server');

export function toApiError(error: unknown, log: Log): ApiError {
  if (error instanceof ApiError) return error;
  log('error', 'request failed', { error: error instanceof Error ? error.stack : String(error) });
  return internal(error instanceof Error ? error.message : String(error));
}

async function send(
  answer: Answer,
  call: Call | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const warning of call?.warnings ?? []) {
    response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`);
  }
  if (answer.kind === 'json') {
    response.statusCode = answer.code;
    response.setHeader('content-type', answer.contentType ?? 'application/json');
    response.setHeader('cache-control', 'no-cache, private');
    const squeeze = answer.text.length > compressFrom && /\bgzip\b/.test(String(request.headers['accept-encoding']));
    const body = squeeze ? gzipSync(answer.text, { level: 1 }) : Buffer.from(answer.text);
    if (squeeze) response.setHeader('content-encoding', 'gzip');
    response.setHeader('content-length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  if (answer.kind === 'pipe') {
    response.writeHead(answer.code, answer.headers);
    response.flushHeaders();
    await pipeline(answer.body, response).catch(() => response.destroy());
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  await answer.run({
    write(chunk) {
      if (response.destroyed) return false;
      response.write(chunk);
      if (response.writableLength <= slowestClient) return true;
      response.destroy();
      return false;
    },
  });
  response.end();
}

async function serve(services: Services, log: Log, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  let call: Call | undefined;
  let answer: Answer;
  try {
    const user = userOf(services, request);
    const signal = AbortSignal.any([gone.signal, services.signal]);
    call = makeCall(services, request, user, requestUrl(request), signal);
    answer = await dispatch(call, request);
    await services.store.settled();
  } catch (error) {
    const failure = toApiError(error, log);
    answer = { kind: 'json', code: failure.code, text: JSON.stringify(statusBody(failure)) };
    const retry = failure.details?.retryAfterSeconds;
    if (retry) response.setHeader('retry-after', String(retry));
  }
  await send(answer, call, request, response);
}

export function createServer(services: Services, certificate: ServerCertificate, log: Log): https.Server {
  const server = https.createServer({
    ...certificate,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    keepAliveTimeout: 120_000,
    requestTimeout: 0,
  });
  server.on('request', (request, response) => {
    serve(services, log, request, response).catch((error: unknown) => {
      log('error', 'answer failed', { error: String(error) });
      response.destroy();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    // A client that leaves in the middle is no fault of ours.
    socket.on('error', () => socket.destroy());
    const handle = async (): Promise<void> => {
      const user = userOf(services, request);
      await upgrade(makeCall(services, request, user, requestUrl(request), services.signal), request, socket, head);
    };
    handle().catch((error: unknown) => refuse(socket, toApiError(error, log)));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}
