import type { KubeConnection } from './connection.ts';
import { KubeError } from './errors.ts';
import {
  createTransport,
  errorOf,
  readText,
  retryAfterMs,
  type HttpAnswer,
  type Transport,
  type TransportOptions,
} from './http.ts';
import type { ApplyOptions, CallOptions, DeleteOptions, KubeApi } from './port.ts';
import { groupVersion } from './resource-types.ts';
import type {
  KubeObject,
  ListOptions,
  ListResult,
  ObjectKey,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from './types.ts';
import { collectionPath, listQuery, objectPath, query } from './url.ts';
import { lines, parseWatchLine } from './watch-stream.ts';

export interface KubeClientOptions extends TransportOptions {
  /** A watch without a line for this long is given up. Servers send a bookmark about once a minute. */
  readonly watchIdleMs?: number;
  readonly random?: () => number;
}

const keyOf = (type: ResourceType, object: KubeObject): ObjectKey => ({
  ...(type.namespaced ? { namespace: object.metadata?.namespace ?? '' } : {}),
  name: object.metadata?.name ?? '',
});

const typed = <T extends KubeObject>(type: ResourceType, object: T): T => ({
  apiVersion: groupVersion(type),
  kind: type.kind,
  ...object,
});

function parsed<T>(answer: HttpAnswer, context: string): T {
  if (answer.status < 200 || answer.status > 299) throw errorOf(answer, context);
  try {
    return JSON.parse(answer.body) as T;
  } catch (error) {
    throw new KubeError(0, { message: 'the answer is not JSON', reason: 'NoAnswer' }, context, { cause: error });
  }
}

interface RawList<T> {
  items?: T[] | null;
  metadata?: { resourceVersion?: string; continue?: string };
}

class KubeClient implements KubeApi, AsyncDisposable {
  readonly #transport: Transport;
  readonly #options: KubeClientOptions;

  constructor(connection: KubeConnection, options: KubeClientOptions) {
    this.#transport = createTransport(connection, options);
    this.#options = options;
  }

  async #call<T>(
    method: string,
    path: string,
    options: CallOptions,
    body?: { object: unknown; contentType?: string; idempotent?: boolean },
  ): Promise<T> {
    const answer = await this.#transport.send({
      method,
      path,
      idempotent: body?.idempotent ?? true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body.object) }),
      ...(body?.contentType === undefined ? {} : { contentType: body.contentType }),
    });
    return parsed<T>(answer, `${method} ${path}`);
  }

  async get<T extends KubeObject>(type: ResourceType, key: ObjectKey, options: CallOptions = {}) {
    try {
      return await this.#call<T>('GET', objectPath(type, key), options);
    } catch (error) {
      if (error instanceof KubeError && error.code === 404) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ListResult<T>> {
    const path = collectionPath(type, options.namespace) + listQuery(options);
    const list = await this.#call<RawList<T>>('GET', path, options);
    const next = list.metadata?.continue ?? '';
    return {
      // Lists leave apiVersion and kind of the items out.
      items: (list.items ?? []).map((item) => typed(type, item)),
      resourceVersion: list.metadata?.resourceVersion ?? '',
      ...(next === '' ? {} : { continue: next }),
    };
  }

  async *watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const random = this.#options.random ?? Math.random;
    const path =
      collectionPath(type, options.namespace) +
      query({
        watch: true,
        allowWatchBookmarks: true,
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        resourceVersion: options.resourceVersion,
        // Spread, so that the watches of a whole cluster are not renewed at the same second.
        timeoutSeconds: 300 + Math.floor(random() * 300),
      });
    const context = `WATCH ${path}`;
    if (options.signal.aborted) return;
    try {
      const request = { method: 'GET', path, idempotent: true, signal: options.signal };
      const response = await this.#transport.open(request);
      if (response.statusCode !== 200) {
        const asked = retryAfterMs(response);
        const answer = { status: response.statusCode ?? 0, body: await readText(response) };
        throw errorOf(asked === undefined ? answer : { ...answer, retryAfterMs: asked }, context);
      }
      for await (const line of lines(response, this.#options.watchIdleMs ?? 150_000)) {
        const event = parseWatchLine<T>(line, context);
        if (event !== undefined) yield event;
      }
    } catch (error) {
      if (options.signal.aborted) return;
      if (error instanceof KubeError) throw error;
      throw new KubeError(0, { message: (error as Error).message, reason: 'NoAnswer' }, context, { cause: error });
    }
  }

  create<T extends KubeObject>(type: ResourceType, object: T, options: CallOptions = {}): Promise<T> {
    const path = collectionPath(type, object.metadata?.namespace);
    return this.#call('POST', path, options, { object: typed(type, object), idempotent: false });
  }

  replace<T extends KubeObject>(type: ResourceType, object: T, options: CallOptions = {}): Promise<T> {
    return this.#call('PUT', objectPath(type, keyOf(type, object)), options, { object: typed(type, object) });
  }

  replaceStatus<T extends KubeObject>(type: ResourceType, object: T, options: CallOptions = {}): Promise<T> {
    return this.#call('PUT', objectPath(type, keyOf(type, object), 'status'), options, { object: typed(type, object) });
  }

  patch<T extends KubeObject>(type: ResourceType, key: ObjectKey, patch: object, options: CallOptions = {}) {
    return this.#patch<T>(objectPath(type, key), patch, options);
  }

  patchStatus<T extends KubeObject>(type: ResourceType, key: ObjectKey, patch: object, options: CallOptions = {}) {
    return this.#patch<T>(objectPath(type, key, 'status'), patch, options);
  }

  #patch<T>(path: string, object: object, options: CallOptions): Promise<T> {
    return this.#call('PATCH', path, options, { object, contentType: 'application/merge-patch+json' });
  }

  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    return this.#apply(type, object, options);
  }

  applyStatus<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    return this.#apply(type, object, options, 'status');
  }

  #apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions, subresource?: string): Promise<T> {
    const path =
      objectPath(type, keyOf(type, object), subresource) +
      query({ fieldManager: options.fieldManager, force: options.force ?? true });
    // JSON is YAML: one serialiser less.
    const body = { object: typed(type, object), contentType: 'application/apply-patch+yaml' };
    return this.#call('PATCH', path, options, body);
  }

  async delete(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<boolean> {
    const object = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: options.gracePeriodSeconds,
      propagationPolicy: options.propagationPolicy ?? 'Background',
      preconditions: options.preconditions,
    };
    try {
      await this.#call('DELETE', objectPath(type, key), options, { object });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.code === 404) return false;
      throw error;
    }
  }

  async raw(
    method: string,
    path: string,
    options: CallOptions & { body?: unknown; contentType?: string } = {},
  ): Promise<HttpAnswer> {
    return this.#transport.send({
      method,
      path,
      idempotent: method === 'GET' || method === 'HEAD',
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#transport[Symbol.asyncDispose]());
  }
}

/** A client of one API server. Disposing of it ends its connections, watches included. */
export const createKubeClient = (
  connection: KubeConnection,
  options: KubeClientOptions = {},
): KubeApi & AsyncDisposable => new KubeClient(connection, options);
