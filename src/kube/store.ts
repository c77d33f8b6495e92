import type { KubeObject } from './types.ts';

export const storeKey = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;

/** The other way round, for objects of a namespace. */
export const splitKey = (key: string): { namespace: string; name: string } => {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
};

export const keyOfObject = (object: KubeObject): string =>
  storeKey(object.metadata?.namespace, object.metadata?.name ?? '');

/** The values under which an object is found in an index. */
export type IndexFunction<T> = (object: T) => readonly string[];

export interface ReadStore<T> {
  get(namespace: string | undefined, name: string): T | undefined;
  list(namespace?: string): T[];
  byIndex(index: string, value: string): T[];
  readonly size: number;
}

/** Objects by namespace and name, and by any number of indices. */
export class Store<T extends KubeObject> implements ReadStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #indices = new Map<string, { of: IndexFunction<T>; keys: Map<string, Set<string>> }>();

  constructor(indices: Readonly<Record<string, IndexFunction<T>>> = {}) {
    for (const [name, of] of Object.entries(indices)) this.#indices.set(name, { of, keys: new Map() });
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(storeKey(namespace, name));
  }

  list(namespace?: string): T[] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter((object) => object.metadata?.namespace === namespace);
  }

  byIndex(index: string, value: string): T[] {
    const entry = this.#indices.get(index);
    if (entry === undefined) throw new Error(`No index "${index}"`);
    const keys = [...(entry.keys.get(value) ?? [])];
    return keys.map((key) => this.#objects.get(key)).filter((object) => object !== undefined);
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  /** Returns what was there before. */
  set(object: T): T | undefined {
    const key = keyOfObject(object);
    const previous = this.delete(key);
    this.#objects.set(key, object);
    for (const { of, keys } of this.#indices.values()) {
      for (const value of of(object)) {
        const set = keys.get(value) ?? new Set();
        keys.set(value, set.add(key));
      }
    }
    return previous;
  }

  delete(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#objects.delete(key);
    for (const { of, keys } of this.#indices.values()) {
      for (const value of of(previous)) {
        const set = keys.get(value);
        set?.delete(key);
        if (set?.size === 0) keys.delete(value);
      }
    }
    return previous;
  }
}
