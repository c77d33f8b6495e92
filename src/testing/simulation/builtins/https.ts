// node:https between the simulated managers: a request is a message, and so is its answer.
import { EventEmitter } from 'node:events';
import { theWorld } from '../stage.ts';

export class Agent {
  destroy(): void {
    return;
  }
}

interface RequestOptions {
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly signal?: AbortSignal;
}

type OnResponse = (response: EventEmitter & { statusCode: number; setEncoding: () => void }) => void;

class Request extends EventEmitter {
  readonly #options: RequestOptions;
  readonly #onResponse: OnResponse;
  #over = false;

  constructor(options: RequestOptions, onResponse: OnResponse) {
    super();
    this.#options = options;
    this.#onResponse = onResponse;
    options.signal?.addEventListener('abort', () => this.destroy(new Error('timeout')), { once: true });
  }

  end(body = ''): void {
    const { host, path, method = 'GET' } = this.#options;
    theWorld().network.request({
      to: host,
      call: { method, path, body },
      answered: ({ status, body: answer }) => {
        if (this.#over) return;
        this.#over = true;
        let text = false;
        const setEncoding = (): void => {
          text = true;
        };
        const response = Object.assign(new EventEmitter(), { statusCode: status, setEncoding });
        this.#onResponse(response);
        response.emit('data', text ? answer : Buffer.from(answer));
        response.emit('end');
      },
      failed: (error) => this.destroy(error),
    });
  }

  destroy(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    if (error) this.emit('error', error);
  }
}

export const request = (options: RequestOptions, onResponse: OnResponse): Request => new Request(options, onResponse);

export default { request, Agent };
