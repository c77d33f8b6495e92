import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { backOffMs, sleep } from './back-off.ts';
import type { KubeConnection } from './connection.ts';
import { KubeError, type StatusBody } from './errors.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** May be sent a second time although the first may have been done. */
  readonly idempotent: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** The wait that the server asked for (Retry-After), at most 30 s. */
  readonly retryAfterMs?: number;
}

export interface Transport extends AsyncDisposable {
  /** Sends, with retries as far as the request allows them; throws a KubeError of code 0 when no answer came. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Opens a long answer; the caller reads and destroys it. */
  open(request: HttpRequest): Promise<IncomingMessage>;
}

export interface TransportOptions {
  /** For one try, from the first byte sent to the last received. */
  readonly requestTimeoutMs?: number;
  readonly attempts?: number;
}

interface Sending {
  readonly agent: https.Agent;
  readonly signal: AbortSignal;
  /** The answer goes on and on: only its socket tells whether the peer is alive. */
  readonly long: boolean;
}

const retryBackOff = { initialMs: 100, maxMs: 3_000 };
const longestRetryAfterMs = 30_000;

const statusBody = (body: string): StatusBody => {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : { message: body.slice(0, 300) };
  } catch {
    return { message: body.slice(0, 300) };
  }
};

export const errorOf = (answer: HttpAnswer, context: string): KubeError =>
  new KubeError(answer.status, statusBody(answer.body), context, { retryAfterMs: answer.retryAfterMs });

/** Of the answer's headers: milliseconds, or undefined where it asks for none. A date, which API servers do not send, counts as none. */
export function retryAfterMs({ headers }: IncomingMessage): number | undefined {
  const asked = Number(headers['retry-after']);
  return Number.isFinite(asked) && asked > 0 ? Math.min(asked * 1000, longestRetryAfterMs) : undefined;
}

export async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? '';

/** The server cannot have seen the request. */
const neverSent = (error: unknown): boolean => codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'EHOSTUNREACH';

/** Milliseconds to wait before the same request again, or undefined when the answer is final. */
function retryDelay(answer: HttpAnswer, idempotent: boolean, attempt: number) {
  const busy = answer.status === 429;
  const broken = idempotent && answer.status >= 500 && answer.status !== 501;
  if (!busy && !broken) return undefined;
  return answer.retryAfterMs ?? backOffMs(attempt, retryBackOff);
}

/** Sends a request; resolves once the headers of its answer are there. */
async function begin(connection: KubeConnection, request: HttpRequest, how: Sending): Promise<IncomingMessage> {
  const server = new URL(connection.server);
  const token = await connection.token?.();
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'howdah',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(request.body === undefined
      ? {}
      : {
          'content-type': request.contentType ?? 'application/json',
          'content-length': Buffer.byteLength(request.body),
        }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = https.request(
      {
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port === '' ? 443 : Number(server.port),
        method: request.method,
        path: (server.pathname === '/' ? '' : server.pathname) + request.path,
        headers,
        agent: how.agent,
        signal: how.signal,
      },
      resolve,
    );
    outgoing.on('error', reject);
    if (how.long) outgoing.on('socket', (socket) => socket.setKeepAlive(true, 10_000));
    outgoing.end(request.body);
  });
}

const context = (request: HttpRequest): string => `${request.method} ${request.path}`;

function noAnswer(request: HttpRequest, cause: unknown): KubeError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new KubeError(0, { message, reason: 'NoAnswer' }, context(request), { cause });
}

export function createTransport(connection: KubeConnection, options: TransportOptions = {}): Transport {
  const requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
  const attempts = options.attempts ?? 5;
  const tls = {
    ...(connection.ca === undefined ? {} : { ca: connection.ca }),
    ...(connection.cert === undefined ? {} : { cert: connection.cert }),
    ...(connection.key === undefined ? {} : { key: connection.key }),
    ...(connection.serverName === undefined ? {} : { servername: connection.serverName }),
    rejectUnauthorized: connection.insecure !== true,
  };
  // A frozen peer is found by keep-alive probes; idle sockets end before the server's own limit so that none is half dead.
  const agent = new https.Agent({ ...tls, keepAlive: true, keepAliveMsecs: 10_000, maxSockets: 32, timeout: 45_000 });
  const watchAgent = new https.Agent({ ...tls, keepAlive: false });

  const once = async (request: HttpRequest): Promise<HttpAnswer> => {
    const deadline = AbortSignal.timeout(requestTimeoutMs);
    const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
    const response = await begin(connection, request, { agent, signal, long: false });
    const body = await readText(response);
    const asked = retryAfterMs(response);
    return { status: response.statusCode ?? 0, body, ...(asked === undefined ? {} : { retryAfterMs: asked }) };
  };

  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    for (let attempt = 0; ; attempt++) {
      request.signal?.throwIfAborted();
      const last = attempt + 1 >= attempts;
      let wait: number | undefined;
      try {
        const answer = await once(request);
        wait = last ? undefined : retryDelay(answer, request.idempotent, attempt);
        if (wait === undefined) return answer;
      } catch (error) {
        request.signal?.throwIfAborted();
        if (last || !(request.idempotent || neverSent(error))) throw noAnswer(request, error);
        wait = backOffMs(attempt, retryBackOff);
      }
      await sleep(wait, request.signal);
    }
  };

  const open = async (request: HttpRequest): Promise<IncomingMessage> => {
    const headersDeadline = new AbortController();
    const timer = setTimeout(() => headersDeadline.abort(new Error('no answer in time')), requestTimeoutMs);
    const signals = [headersDeadline.signal, ...(request.signal === undefined ? [] : [request.signal])];
    try {
      return await begin(connection, request, { agent: watchAgent, signal: AbortSignal.any(signals), long: true });
    } catch (error) {
      request.signal?.throwIfAborted();
      throw noAnswer(request, error);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    send,
    open,
    [Symbol.asyncDispose]: () => {
      agent.destroy();
      watchAgent.destroy();
      return Promise.resolve();
    },
  };
}
