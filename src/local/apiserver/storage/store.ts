import type { Obj } from '../model/types.ts';
import { encode } from './codec.ts';
import type { Database } from './database.ts';

export interface Change {
  readonly revision: number;
  /** `<group>/<plural>`; the core group is ''. */
  readonly resource: string;
  readonly key: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The object after the change; for DELETED its last state with the revision of the deletion. */
  readonly object: Obj;
  readonly previous: Obj | undefined;
}

export type Subscriber = (changes: readonly Change[]) => void;

/** The object changed between reading and writing it. */
export class WriteConflict extends Error {}

export const storeKey = (namespace: string | undefined, name: string): string =>
  namespace ? `${namespace}/${name}` : name;

/**
 * All objects in memory, every change on disk before anybody is told. Writes of one turn of the event loop share one
 * transaction: whoever answers a request waits for `settled()` first, so that no answer shows what a crash would take back.
 */
export class Store {
  readonly #database: Database;
  readonly #keep: number;
  readonly #objects = new Map<string, Map<string, Obj>>();
  readonly #subscribers = new Set<Subscriber>();
  #log: Change[] = [];
  #pending: Change[] = [];
  #commit: Promise<void> | undefined;
  #revision = 0;

  constructor(database: Database, keepChanges: number) {
    this.#database = database;
    this.#keep = keepChanges;
    for (const row of database.objects()) this.#shelf(row.resource).set(row.key, JSON.parse(row.json) as Obj);
    this.#loadLog();
  }

  /** The newest revision that is on disk. */
  get committed(): number {
    return this.#pending[0] ? this.#pending[0].revision - 1 : this.#revision;
  }

  get(resource: string, namespace: string | undefined, name: string): Obj | undefined {
    return this.#objects.get(resource)?.get(storeKey(namespace, name));
  }

  /** Objects in the order of their keys. */
  list(resource: string, namespace?: string): Obj[] {
    return this.entries(resource, namespace).map(([, object]) => object);
  }

  entries(resource: string, namespace?: string): [string, Obj][] {
    const prefix = namespace ? `${namespace}/` : '';
    const all = [...(this.#objects.get(resource) ?? [])].filter(([key]) => key.startsWith(prefix));
    return all.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  resources(): string[] {
    return [...this.#objects.keys()];
  }

  /** Stores `object` in place of `previous`, which must still be the current one, and returns it with its new resourceVersion. */
  put(resource: string, object: Obj, previous: Obj | undefined): Obj {
    const key = storeKey(object.metadata.namespace, object.metadata.name ?? '');
    const shelf = this.#shelf(resource);
    if (shelf.get(key) !== previous) throw new WriteConflict(key);
    const revision = ++this.#revision;
    const stored: Obj = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    shelf.set(key, stored);
    this.#enqueue({ revision, resource, key, type: previous ? 'MODIFIED' : 'ADDED', object: stored, previous });
    return stored;
  }

  /** Deletes `previous`, which must still be the current one; returns its last state with the revision of the deletion. */
  remove(resource: string, previous: Obj): Obj {
    const key = storeKey(previous.metadata.namespace, previous.metadata.name ?? '');
    const shelf = this.#shelf(resource);
    if (shelf.get(key) !== previous) throw new WriteConflict(key);
    const revision = ++this.#revision;
    const object: Obj = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } };
    shelf.delete(key);
    this.#enqueue({ revision, resource, key, type: 'DELETED', object, previous });
    return object;
  }

  /** Resolves when all that was written so far is on disk. */
  async settled(): Promise<void> {
    while (this.#commit) await this.#commit;
  }

  /** Is told every change after it is on disk, in order. */
  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Committed changes after `revision`; undefined when some of them are no longer kept. */
  since(revision: number): Change[] | undefined {
    const first = this.#log[0]?.revision ?? this.#revision + 1;
    if (revision < first - 1 || revision > this.#revision) return undefined;
    return this.#log.slice(revision - first + 1);
  }

  /** The objects as they were at `revision`; undefined when the changes since are no longer kept. */
  entriesAt(revision: number, resource: string, namespace?: string): [string, Obj][] | undefined {
    const changes = this.since(revision);
    if (!changes) return undefined;
    const objects = new Map(this.entries(resource, namespace));
    for (const change of [...changes, ...this.#pending].reverse()) {
      if (change.resource !== resource || (namespace && change.object.metadata.namespace !== namespace)) continue;
      if (change.previous) objects.set(change.key, change.previous);
      else objects.delete(change.key);
    }
    return [...objects].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async close(): Promise<void> {
    await this.settled();
    this.#database.close();
  }

  #shelf(resource: string): Map<string, Obj> {
    let shelf = this.#objects.get(resource);
    if (!shelf) this.#objects.set(resource, (shelf = new Map<string, Obj>()));
    return shelf;
  }

  #enqueue(change: Change): void {
    this.#pending.push(change);
    if (this.#commit) return;
    this.#commit = new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        this.#commit = undefined;
        try {
          this.#flush();
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    // Whoever waits in settled() is told; nobody may be waiting.
    this.#commit.catch(() => undefined);
  }

  #flush(): void {
    const batch = this.#pending;
    this.#pending = [];
    const oldest = Math.max(0, this.#revision - this.#keep);
    try {
      this.#database.commit(
        batch.map((change) => ({
          revision: change.revision,
          resource: change.resource,
          key: change.key,
          type: change.type,
          json: change.type === 'DELETED' ? null : encode(change.object),
          previous: change.previous ? encode(change.previous) : null,
        })),
        oldest,
      );
    } catch (error) {
      this.#undo(batch);
      throw new Error(`cannot write the state: ${(error as Error).message}`, { cause: error });
    }
    this.#log.push(...batch);
    if (this.#log.length > this.#keep * 1.25) this.#log = this.#log.slice(-this.#keep);
    for (const subscriber of [...this.#subscribers]) subscriber(batch);
  }

  /** The disk refused: memory goes back to what is on disk. The revisions are given again; nobody saw them. */
  #undo(batch: readonly Change[]): void {
    for (const change of [...batch].reverse()) {
      if (change.previous) this.#shelf(change.resource).set(change.key, change.previous);
      else this.#shelf(change.resource).delete(change.key);
      this.#revision = change.revision - 1;
    }
  }

  /** Puts objects to the kept changes: what a change left behind is what the next change of that key replaced. */
  #loadLog(): void {
    const later = new Map<string, Obj>();
    for (const row of this.#database.changes()) {
      const id = `${row.resource} ${row.key}`;
      const previous = row.previous === null ? undefined : (JSON.parse(row.previous) as Obj);
      const left = later.get(id) ?? this.#shelf(row.resource).get(row.key);
      const metadata = { ...previous?.metadata, resourceVersion: String(row.revision) };
      const object = row.type === 'DELETED' ? ({ ...previous, metadata } as Obj) : left;
      this.#revision = Math.max(this.#revision, row.revision);
      if (previous) later.set(id, previous);
      if (object) this.#log.push({ ...row, object, previous });
    }
    this.#log.reverse();
  }
}
