import { KubeError } from '../../kube/errors.ts';
import type { Lease } from '../../kube/objects.ts';
import type { ObjectKey } from '../../kube/types.ts';

/** A server with one lease; `lose`: it does what it is asked and its answer never comes. */
export class LeaseServer {
  lease: Lease | undefined;
  lose = false;
  down = false;

  constructor(key: ObjectKey) {
    this.lease = { metadata: { ...key, uid: 'u', resourceVersion: '1' }, spec: {} };
  }

  #answer<T>(value: T): Promise<T> {
    return this.lose ? Promise.reject(new KubeError(0, { reason: 'NoAnswer' }, 'lost')) : Promise.resolve(value);
  }
  get = (): Promise<never> => {
    if (this.down) return Promise.reject(new KubeError(0, { reason: 'NoAnswer' }, 'down'));
    return Promise.resolve(structuredClone(this.lease) as never);
  };
  create = (_type: unknown, object: object): Promise<never> => this.#put(object);
  replace = (_type: unknown, object: object): Promise<never> => {
    const version = (object as Lease).metadata?.resourceVersion;
    if (version !== this.lease?.metadata?.resourceVersion) {
      return Promise.reject(new KubeError(409, { reason: 'Conflict' }, 'replace'));
    }
    return this.#put(object);
  };
  #put(object: Lease): Promise<never> {
    const version = String(Number(this.lease?.metadata?.resourceVersion ?? 0) + 1);
    this.lease = { ...object, metadata: { uid: 'u', ...object.metadata, resourceVersion: version } };
    return this.#answer(structuredClone(this.lease) as never);
  }
}
