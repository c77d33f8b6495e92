import { KubeError } from '../../kube/errors.ts';
import type { KubeObject, ObjectKey, ResourceType } from '../../kube/types.ts';

type Json = Record<string, unknown>;
export type Stored = KubeObject & Json;

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly plural: string;
  readonly object: Stored;
}

export const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

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
  version = 100;

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
    const stored = copy({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } });
    const key = this.#key(type, { namespace: stored.metadata?.namespace ?? '', name: stored.metadata?.name ?? '' });
    if (kind === 'DELETED') this.#objects.delete(key);
    else this.#objects.set(key, stored);
    const change = { version: this.version, type: kind, plural: type.plural, object: stored };
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
    const { resourceVersion } = (patch as KubeObject).metadata ?? {};
    if (resourceVersion !== undefined && resourceVersion !== found.metadata?.resourceVersion) {
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

  delete(type: ResourceType, key: ObjectKey): boolean {
    const found = this.get(type, key);
    if (found) this.#put(type, 'DELETED', found);
    return found !== undefined;
  }
}

const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
