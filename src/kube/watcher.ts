import type { KubeApi } from './port.ts';
import { Reflector, type Change, type ReflectorOptions } from './reflector.ts';
import type { ReadStore } from './store.ts';
import type { KubeObject, ResourceType } from './types.ts';

/** One kind of object, in all namespaces or in those that the operator is to look after. */
export interface Watcher<T> {
  readonly store: ReadStore<T>;
  /** Follows until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  whenSynced(signal: AbortSignal): Promise<void>;
}

export interface WatcherOptions<T> extends ReflectorOptions<T> {
  readonly onChange?: (change: Change<T>) => void;
  readonly onFailure?: (error: unknown) => void;
}

class Union<T> implements ReadStore<T> {
  readonly #stores: readonly ReadStore<T>[];

  constructor(stores: readonly ReadStore<T>[]) {
    this.#stores = stores;
  }

  get size(): number {
    return this.#stores.reduce((sum, store) => sum + store.size, 0);
  }

  get(namespace: string | undefined, name: string): T | undefined {
    for (const store of this.#stores) {
      const found = store.get(namespace, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  list(namespace?: string): T[] {
    return this.#stores.flatMap((store) => store.list(namespace));
  }

  byIndex(index: string, value: string): T[] {
    return this.#stores.flatMap((store) => store.byIndex(index, value));
  }
}

export function createWatcher<T extends KubeObject>(
  api: KubeApi,
  type: ResourceType,
  namespaces: readonly string[],
  { onChange, onFailure, ...options }: WatcherOptions<T> = {},
): Watcher<T> {
  const scopes = namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }));
  const reflectors = scopes.map((scope) => new Reflector<T>(api, type, { ...options, ...scope }));
  for (const reflector of reflectors) {
    if (onChange !== undefined) reflector.on('change', onChange);
    if (onFailure !== undefined) reflector.on('failed', onFailure);
  }
  return {
    store: new Union(reflectors.map((reflector) => reflector.store)),
    run: async (signal) => {
      await Promise.all(reflectors.map((reflector) => reflector.run(signal)));
    },
    whenSynced: async (signal) => {
      await Promise.all(reflectors.map((reflector) => reflector.whenSynced(signal)));
    },
  };
}
