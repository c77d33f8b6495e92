import { EventEmitter, once } from 'node:events';
import { backOffMs, sleep } from './back-off.ts';
import { isGone, KubeError } from './errors.ts';
import type { KubeApi } from './port.ts';
import { keyOfObject, Store, type IndexFunction, type ReadStore } from './store.ts';
import type { KubeObject, ResourceType } from './types.ts';

export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T };

export interface ReflectorOptions<T> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly pageSize?: number;
  readonly indices?: Readonly<Record<string, IndexFunction<T>>>;
  readonly random?: () => number;
  /** What is kept of an object: drop here what nobody will ask for. */
  readonly transform?: (object: T) => T;
}

interface ReflectorEvents<T> {
  change: [Change<T>];
  /** After the first complete list. */
  synced: [];
  /** A list or a watch that failed; the reflector tries again by itself. */
  failed: [unknown];
}

const backOff = { initialMs: 200, maxMs: 20_000 };
/** A watch that lasted this long was a good one: the next failure starts the back-off anew. */
const goodWatchMs = 5_000;

/**
 * A copy of a collection that follows the API server: list in pages, watch from there, relist when the version is gone. Every change is
 * emitted, also those that were missed while the watch was down.
 */
export class Reflector<T extends KubeObject> extends EventEmitter<ReflectorEvents<T>> {
  readonly #api: KubeApi;
  readonly #type: ResourceType;
  readonly #options: ReflectorOptions<T>;
  readonly #store: Store<T>;
  #synced = false;

  constructor(api: KubeApi, type: ResourceType, options: ReflectorOptions<T> = {}) {
    super();
    this.#api = api;
    this.#type = type;
    this.#options = options;
    this.#store = new Store(options.indices);
  }

  get store(): ReadStore<T> {
    return this.#store;
  }

  get synced(): boolean {
    return this.#synced;
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    if (!this.#synced) await once(this, 'synced', { signal });
  }

  /** Follows until `signal` aborts. Never rejects for what the API server does. */
  async run(signal: AbortSignal): Promise<void> {
    let version: string | undefined;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const startedAt = performance.now();
      let asked = 0;
      try {
        version ??= await this.#list(signal);
        for await (const event of this.#api.watch<T>(this.#type, {
          ...this.#scope(),
          resourceVersion: version,
          signal,
        })) {
          if (event.type === 'BOOKMARK') {
            version = event.resourceVersion;
          } else {
            this.#take(event.type === 'DELETED' ? 'DELETED' : 'SET', event.object);
            version = event.object.metadata?.resourceVersion ?? version;
          }
        }
        // Ended by the server in good order: go on from the last version, not in a hot loop when it ends at once.
        if (performance.now() - startedAt > goodWatchMs) attempt = -1;
      } catch (error) {
        if (signal.aborted) return;
        this.emit('failed', error);
        if (isGone(error)) version = undefined;
        asked = (error instanceof KubeError ? error.retryAfterMs : undefined) ?? 0;
        if (performance.now() - startedAt > goodWatchMs) attempt = -1;
      }
      const wait = attempt >= 0 ? backOffMs(attempt, backOff, this.#options.random) : 0;
      if (wait + asked > 0) await sleep(Math.max(wait, asked), signal);
    }
  }

  #scope() {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }

  async #list(signal: AbortSignal): Promise<string> {
    const seen = new Map<string, T>();
    let next: string | undefined;
    let version: string;
    do {
      const page = await this.#api.list<T>(this.#type, {
        ...this.#scope(),
        limit: this.#options.pageSize ?? 500,
        signal,
        ...(next === undefined ? {} : { continue: next }),
      });
      for (const object of page.items) seen.set(keyOfObject(object), object);
      version = page.resourceVersion;
      next = page.continue;
    } while (next !== undefined);
    for (const key of this.#store.keys()) {
      const gone = seen.has(key) ? undefined : this.#store.delete(key);
      if (gone !== undefined) this.emit('change', { type: 'deleted', object: gone });
    }
    for (const object of seen.values()) this.#take('SET', object);
    if (!this.#synced) {
      this.#synced = true;
      this.emit('synced');
    }
    return version;
  }

  #take(what: 'SET' | 'DELETED', received: T): void {
    const object = this.#options.transform?.(received) ?? received;
    // Nobody here reads them and they are the larger half of many objects.
    if (object.metadata?.managedFields !== undefined) delete object.metadata.managedFields;
    if (what === 'DELETED') {
      this.#store.delete(keyOfObject(object));
      this.emit('change', { type: 'deleted', object });
      return;
    }
    const previous = this.#store.set(object);
    if (previous === undefined) this.emit('change', { type: 'added', object });
    else if (previous.metadata?.resourceVersion !== object.metadata?.resourceVersion) {
      this.emit('change', { type: 'updated', object, previous });
    }
  }
}
