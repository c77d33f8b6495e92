import https from 'node:https';
import type { Loose } from '../model/types.ts';
import type { TestConnection } from './server.ts';

export interface Reply {
  readonly code: number;
  readonly body: Loose;
  readonly headers: Record<string, string | string[] | undefined>;
}

export interface RequestOptions {
  readonly token?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bare requests to a server, for what clients hide: codes, headers, bodies of errors. */
export class Requests {
  readonly #connection: TestConnection;
  readonly #options: RequestOptions;
  readonly #agent = new https.Agent({ keepAlive: true });

  constructor(connection: TestConnection, options: RequestOptions = {}) {
    this.#connection = connection;
    this.#options = options;
  }

  /** The same server seen by a bearer of `token`, or by nobody ('' ). */
  as(token: string): Requests {
    return new Requests({ ...this.#connection, cert: '', key: '' }, { ...this.#options, token });
  }

  get = (path: string, options: RequestOptions = {}): Promise<Reply> => this.send('GET', path, undefined, options);
  post = (path: string, body: Loose, options: RequestOptions = {}): Promise<Reply> =>
    this.send('POST', path, body, options);
  put = (path: string, body: Loose, options: RequestOptions = {}): Promise<Reply> =>
    this.send('PUT', path, body, options);
  delete = (path: string, body?: Loose): Promise<Reply> => this.send('DELETE', path, body);
  merge = (path: string, body: Loose): Promise<Reply> =>
    this.send('PATCH', path, body, { contentType: 'application/merge-patch+json' });
  apply = (path: string, body: Loose, manager: string, force = false): Promise<Reply> =>
    this.send('PATCH', `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`, body, {
      contentType: 'application/apply-patch+yaml',
    });

  send(method: string, path: string, body?: Loose, options: RequestOptions = {}): Promise<Reply> {
    const { server, ca, cert, key } = this.#connection;
    const { token, contentType, accept, headers } = { ...this.#options, ...options };
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = https.request(
        `${server}${path}`,
        {
          method,
          ca,
          ...(cert && { cert, key }),
          agent: this.#agent,
          headers: {
            ...headers,
            ...(text !== undefined && {
              'content-type': contentType ?? 'application/json',
              'content-length': Buffer.byteLength(text),
            }),
            ...(accept && { accept }),
            ...(token && { authorization: `Bearer ${token}` }),
          },
        },
        (response) => {
          let received = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (received += chunk));
          response.on('error', reject);
          response.on('end', () => {
            const json = String(response.headers['content-type']).includes('json') && !path.includes('watch=');
            resolve({
              code: response.statusCode ?? 0,
              body: json ? JSON.parse(received) : received,
              headers: response.headers,
            });
          });
        },
      );
      request.on('error', reject);
      request.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Waits for `check` to give something, asking again every few milliseconds. */
export async function eventually<T>(check: () => Promise<T | undefined | false>, milliseconds = 5000): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not so within ${milliseconds} ms: ${check.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
