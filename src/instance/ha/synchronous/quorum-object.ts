import type { KubeObject } from '../../../kube/types.ts';
import { resource } from '../../../kube/resource-types.ts';
import { clusterScopedName } from '../../../naming.ts';
import { type HaCore, leaseState } from '../core/core.ts';
import { postgresRole } from '../core/local-postgres.ts';
import { anySynchronous } from './configuration.ts';

const everyMs = 1000;
const requestMs = 3000;

interface QuorumStatus {
  readonly method: string;
  readonly standbyNames: readonly string[];
  readonly standbyNumber: number;
  readonly primary: string;
}
type FailoverQuorum = KubeObject & { readonly status?: QuorumStatus };

/** The FailoverQuorum object: the set in force for people and tools. A mirror of the lease, which alone decides (protocol, §2). */
export class QuorumObject {
  readonly #core: HaCore;
  #written = '';
  #lookedAt = 0;
  #busy = false;

  constructor(core: HaCore) {
    this.#core = core;
  }

  /** Undefined while there is nothing to be said, and nothing was said before. While a set changes it names nobody. */
  #status(): QuorumStatus | undefined {
    const { store, context } = this.#core;
    const { record } = store;
    if (!record || leaseState(this.#core) !== 'mine' || postgresRole(this.#core) !== 'primary') return undefined;
    const primary = context.environment.podName;
    const [only, ...others] = record.configurations;
    if (!anySynchronous(record)) {
      return this.#written === '' ? undefined : { method: 'ANY', standbyNames: [], standbyNumber: 0, primary };
    }
    if (!only || others.length > 0) return { method: 'ANY', standbyNames: [], standbyNumber: 0, primary };
    const names = only.names.map(({ instance }) => instance);
    const external = [only.external.slice(0, only.leading), only.external.slice(only.leading)] as const;
    return {
      method: only.method.toUpperCase(),
      standbyNames: [...external[0], ...names, ...external[1]],
      standbyNumber: only.number,
      primary,
    };
  }

  async tick(): Promise<void> {
    const { clock, context } = this.#core;
    if (this.#busy || clock() - this.#lookedAt < everyMs) return;
    this.#lookedAt = clock();
    const status = this.#status();
    if (!status || JSON.stringify(status) === this.#written) return;
    this.#busy = true;
    try {
      await this.#write(status);
      this.#written = JSON.stringify(status);
    } catch (error) {
      context.log.debug({ err: error }, 'The FailoverQuorum was not written; it is tried again');
    } finally {
      this.#busy = false;
    }
  }

  async #write(status: QuorumStatus): Promise<void> {
    const { kube, environment, cluster } = this.#core.context;
    const { namespace, clusterName } = environment;
    const owner = cluster.current;
    if (!owner) return;
    const key = { namespace, name: clusterScopedName(clusterName) };
    const signal = AbortSignal.timeout(requestMs);
    if (!(await kube.get<FailoverQuorum>(resource.failoverQuorums, key, { signal }))) {
      const { apiVersion, kind, metadata } = owner;
      const reference = { apiVersion, kind, name: clusterName, uid: metadata.uid, controller: true };
      const made = { apiVersion, kind: 'FailoverQuorum', metadata: { ...key, ownerReferences: [reference] } };
      await kube.create(resource.failoverQuorums, made as KubeObject, { signal });
    }
    await kube.patchStatus(resource.failoverQuorums, key, { status }, { signal });
  }
}
