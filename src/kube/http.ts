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

export function createTransport(connection: KubeConnection, options: TransportOptions = {}): Transport {
  const requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
  const attempts = options.attempts ?? 5;
  const server = new URL(connection.server);
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

  const begin = async (request: HttpRequest, signal: AbortSignal, long: boolean): Promise<IncomingMessage> => {
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
          agent: long ? watchAgent : agent,
          signal,
        },
        resolve,
      );
      outgoing.on('error', reject);
      if (long) outgoing.on('socket', (socket) => socket.setKeepAlive(true, 10_000));
      outgoing.end(request.body);
    });
  };

  const once = async (request: HttpRequest): Promise<HttpAnswer> => {
    const deadline = AbortSignal.timeout(requestTimeoutMs);
    const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
    const response = await begin(request, signal, false);
    const body = await readText(response);
    const asked = retryAfterMs(response);
    return { status: response.statusCode ?? 0, body, ...(asked === undefined ? {} : { retryAfterMs: asked }) };
  };

  const context = (request: HttpRequest): string => `${request.method} ${request.path}`;

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
        if (last || !(request.idempotent || neverSent(error))) {
          const message = error instanceof Error ? error.message : String(error);
          throw new KubeError(0, { message, reason: 'NoAnswer' }, context(request), { cause: error });
        }
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
      return await begin(request, AbortSignal.any(signals), true);
    } catch (error) {
      request.signal?.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      throw new KubeError(0, { message, reason: 'NoAnswer' }, context(request), { cause: error });
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
