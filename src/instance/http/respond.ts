import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

export type Handler = (url: URL, request: IncomingMessage, signal: AbortSignal) => Answer | Promise<Answer>;

/** Keys are "METHOD /path". */
export type Routes = Readonly<Record<string, Handler>>;

export const text = (status: number, body: string): Answer => ({ status, body });
export const json = (status: number, body: unknown): Answer => ({
  status,
  body: JSON.stringify(body),
  type: 'application/json',
});

/** Answers one request by the routes; a handler that throws gives a 500 with its message. */
export async function respond(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  request.resume();
  const url = new URL(request.url ?? '/', 'http://manager');
  const handler = routes[`${request.method === 'HEAD' ? 'GET' : request.method} ${url.pathname}`];
  let answer: Answer;
  try {
    answer = handler ? await handler(url, request, gone.signal) : text(404, 'not found');
  } catch (error) {
    answer = text(500, error instanceof Error ? error.message : String(error));
  }
  if (response.destroyed) return;
  response.writeHead(answer.status, {
    'content-type': answer.type ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(answer.body),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}
