import type { ServerResponse } from 'node:http';

export class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Route {
  readonly verb: 'containerLogs' | 'exec' | 'portForward';
  readonly namespace: string;
  readonly pod: string;
  /** '' for portForward. */
  readonly container: string;
  readonly query: URLSearchParams;
}

const verbs = ['containerLogs', 'exec', 'portForward'] as const;

export function routeOf(url: URL): Route {
  const [name, namespace = '', pod = '', container = ''] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const verb = verbs.find((one) => one === name);
  if (!verb || pod === '' || (verb !== 'portForward' && container === '')) {
    throw new RequestError(404, `no such path: ${url.pathname}`);
  }
  return { verb, namespace, pod, container, query: url.searchParams };
}

/** Kubernetes writes booleans as true, 1 or just the name. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && !['false', '0', 'f', 'F', 'FALSE'].includes(value);
}

export function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}
