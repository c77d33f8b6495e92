import { KubeError } from '../../kube/errors.ts';
import type { KubeObject, ObjectKey, ResourceType } from '../../kube/types.ts';
import { applied } from './apply.ts';

type Json = Record<string, unknown>;
export type Stored = KubeObject & Json;

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly plural: string;
  readonly object: Stored;
  /** The home of the process that asked for it; undefined: a person, or Kubernetes itself. */
  readonly by: string | undefined;
}

export const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What is read is shared by all who read it: nobody changes it. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

export function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Json = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

const refuse = (code: number, reason: string, what: string): never => {
  throw new KubeError(code, { code, reason, message: reason }, what);
};

/** The objects of an API server, their versions and all changes. One call is one moment. */
export class ApiStore {
  readonly changes: Change[] = [];
  readonly #objects = new Map<string, Stored>();
  readonly #onChange: (change: Change) => void;
  /** What each manager of fields applied last, by object. */
  readonly #applied = new Map<string, Json>();
  version = 100;
  /** For whom the store works right now. */
  actor: string | undefined;
  /** Kinds whose objects are only marked when they are deleted, and go when somebody says that nothing of them is left. */
  lingering: readonly string[] = [];

  constructor(onChange: (change: Change) => void) {
    this.#onChange = onChange;
  }

  #key = ({ plural }: ResourceType, { namespace = '', name }: ObjectKey): string => `${plural}/${namespace}/${name}`;

  list({ plural }: ResourceType, namespace: string | undefined): Stored[] {
    const prefix = namespace === undefined ? `${plural}/` : `${plural}/${namespace}/`;
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
  }

  get(type: ResourceType, key: ObjectKey): Stored | undefined {
    return this.#objects.get(this.#key(type, key));
  }

  #put(type: ResourceType, kind: Change['type'], object: Stored): Stored {
    this.version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.version) };
    const stored = frozen(copy({ ...object, metadata }));
    const key = this.#key(type, { namespace: stored.metadata?.namespace ?? '', name: stored.metadata?.name ?? '' });
    if (kind === 'DELETED') this.#objects.delete(key);
    else this.#objects.set(key, stored);
    const change = { version: this.version, type: kind, plural: type.plural, object: stored, by: this.actor };
    this.changes.push(change);
    this.#onChange(change);
    return stored;
  }

  create(type: ResourceType, object: KubeObject): Stored {
    const { name = '', namespace = '' } = object.metadata ?? {};
    if (this.get(type, { name, namespace })) refuse(409, 'AlreadyExists', `POST ${type.plural}/${name}`);
    const metadata = { generation: 1, creationTimestamp: new Date().toISOString(), ...object.metadata };
    return this.#put(type, 'ADDED', { ...(object as Stored), metadata: { ...metadata, uid: `uid-${this.version}` } });
  }

  /** `part`: a status is written without the rest, and the rest without the status where there is one. */
  replace(type: ResourceType, object: KubeObject, part: 'all' | 'status'): Stored {
    const { name = '', namespace = '', resourceVersion } = object.metadata ?? {};
    const found = this.get(type, { name, namespace }) ?? refuse(404, 'NotFound', `PUT ${type.plural}/${name}`);
    if (resourceVersion !== undefined && resourceVersion !== found.metadata?.resourceVersion) {
      refuse(409, 'Conflict', `PUT ${type.plural}/${name}`);
    }
    return this.#change(type, found, object as Stored, part);
  }

  patch(type: ResourceType, key: ObjectKey, patch: object, part: 'all' | 'status'): Stored {
    const found = this.get(type, key) ?? refuse(404, 'NotFound', `PATCH ${type.plural}/${key.name}`);
    const { resourceVersion, uid = found.metadata?.uid } = (patch as KubeObject).metadata ?? {};
    const isOld = resourceVersion !== undefined && resourceVersion !== found.metadata?.resourceVersion;
    if (isOld || uid !== found.metadata?.uid) {
      refuse(409, 'Conflict', `PATCH ${type.plural}/${key.name}`);
    }
    return this.#change(type, found, merge(found, patch) as Stored, part);
  }

  #change(type: ResourceType, found: Stored, next: Stored, part: 'all' | 'status'): Stored {
    const split = ['clusters', 'pods', 'jobs', 'persistentvolumeclaims'].includes(type.plural);
    const wanted: Stored =
      part === 'status'
        ? { ...found, status: next['status'] }
        : { ...next, ...(split && found['status'] !== undefined ? { status: found['status'] } : {}) };
    const generation = (found.metadata?.generation ?? 1) + (differs(found['spec'], wanted['spec']) ? 1 : 0);
    const { uid } = found.metadata ?? {};
    const metadata = { ...wanted.metadata, ...(uid === undefined ? {} : { uid }), generation };
    const changed = {
      ...wanted,
      metadata: { ...metadata, resourceVersion: found.metadata?.resourceVersion },
    } as Stored;
    if (!differs(found, changed)) return found;
    return this.#put(type, 'MODIFIED', changed);
  }

  apply(type: ResourceType, object: KubeObject, part: 'all' | 'status', manager: string): Stored {
    const { name = '', namespace = '' } = object.metadata ?? {};
    const said = copy(object) as Json;
    const owner = [this.#key(type, { namespace, name }), part, manager].join(' ');
    const before = this.#applied.get(owner);
    this.#applied.set(owner, said);
    const found = this.get(type, { name, namespace });
    if (!found) return this.create(type, object);
    return this.#change(type, found, applied(found, said, before) as Stored, part);
  }

  delete(type: ResourceType, key: ObjectKey, uid?: string): boolean {
    const found = this.get(type, key);
    if (!found) return false;
    if (uid !== undefined && uid !== found.metadata?.uid) refuse(409, 'Conflict', `DELETE ${type.plural}/${key.name}`);
    if (!this.lingering.includes(type.plural)) this.remove(type, key);
    else if (found.metadata?.deletionTimestamp === undefined) {
      const metadata = { ...found.metadata, deletionTimestamp: new Date().toISOString() };
      this.#put(type, 'MODIFIED', { ...found, metadata });
    }
    return true;
  }

  /** Nothing of it is left. */
  remove(type: ResourceType, key: ObjectKey): void {
    const found = this.get(type, key);
    if (!found) return;
    for (const owner of this.#applied.keys())
      if (owner.startsWith(`${this.#key(type, key)} `)) this.#applied.delete(owner);
    this.#put(type, 'DELETED', found);
  }
}

const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
