import type { Cluster } from '../../../api/generated/cluster.ts';
import { decodeLease } from '../../../instance/ha/core/lease-record.ts';
import type { Lease } from '../../../kube/objects.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { RunResult } from '../../../kube/queue.ts';
import { instanceRole, label } from '../../../labels.ts';
import type { Change } from '../api-store.ts';
import type { Checker } from '../checker.ts';
import { clusterKey, isOperator, namespace } from '../names.ts';
import type { Wal } from '../wal.ts';
import type { World } from '../world.ts';

const perInstance = ['pods', 'persistentvolumeclaims'];
/** A reconciliation that stopped before it came to the labels asks to be run again at once. */
const cutShortMs = 150;

/** Sees what the operator does to the objects of the cluster, and says what must not be. */
export class OperatorChecker {
  readonly #checker: Checker;
  readonly #world: () => World;
  #target = '';
  /** The version at which somebody else than the operator last named a target. */
  #namedAt = 0;
  #primary = '';
  /** Volumes that somebody has deleted, by their claims' uids. */
  readonly #deleted = new Set<string>();
  /** Reconciliations that have ended while the same two pods had the primary's label. */
  #labelled = { names: '', runs: 0 };
  runs = 0;

  constructor(checker: Checker, world: () => World) {
    this.#checker = checker;
    this.#world = world;
  }

  get #store(): World['api']['store'] {
    return this.#world().api.store;
  }

  changed(change: Change): void {
    const { plural, object, type, by } = change;
    if (object.metadata?.namespace !== namespace) return;
    if (perInstance.includes(plural)) {
      if (type === 'ADDED') this.#onlyOne(change);
      const { uid = '', deletionTimestamp } = object.metadata;
      if (plural === 'persistentvolumeclaims' && deletionTimestamp !== undefined && !this.#deleted.has(uid)) {
        this.#deleted.add(uid);
        if (isOperator(by)) this.#mayGo(change);
      }
    }
    if (plural === 'clusters') this.#roles(change);
  }

  #onlyOne({ plural, object }: Change): void {
    const instance = object.metadata?.labels?.[label.instanceName];
    if (instance === undefined) return;
    const kind = plural === 'pods' ? resource.pods : resource.persistentVolumeClaims;
    const all = this.#store
      .list(kind, namespace)
      .filter(({ metadata }) => metadata?.labels?.[label.instanceName] === instance);
    if (all.length > 1) this.#checker.wrong(`one of each for an instance: ${all.length} ${plural} of ${instance}`);
  }

  /** Rules 19 and 28: whom the lease counts on keeps what it has; and what was acknowledged stays somewhere. */
  #mayGo({ object }: Change): void {
    const name = object.metadata?.labels?.[label.instanceName] ?? '';
    const lease = this.#store.get(resource.leases, clusterKey) as Lease | undefined;
    const record = lease ? decodeLease(lease) : 'blank';
    if (record !== 'blank') {
      const counted = [...record.members, ...record.configurations.flatMap(({ names }) => names)];
      if (record.holder?.instance === name || counted.some(({ instance }) => instance === name)) {
        this.#checker.wrong(`no volume goes that is counted on: the operator deletes ${name}'s, which the lease names`);
      }
    }
    const promised = [...this.#checker.promised];
    const holds = (machine: World['machines'][number]): boolean => {
      const file = `${machine.data}/pg_wal/.log`;
      if (!machine.files.has(file)) return false;
      const commits = new Set((machine.files.read(file) as Wal).records.map(({ commit }) => commit));
      return promised.every((commit) => commits.has(commit));
    };
    const { machines } = this.#world();
    const has = machines.filter(holds).map((machine) => machine.name);
    if (has.length === 1 && has[0] === name) {
      this.#checker.wrong(`the last copy stays: the operator deletes ${name}'s volume, and nobody else has all of it`);
    }
  }

  /** Who is to be the primary was said by a person or a manager after the operator had read the Cluster: that stands. */
  #roles({ object, by, version }: Change): void {
    const { targetPrimary = '', currentPrimary = '' } = (object as unknown as Cluster).status ?? {};
    const ours = isOperator(by);
    if (targetPrimary !== this.#target) {
      const read = this.#world().api.clusterReads.get(by ?? '') ?? 0;
      if (ours && read < this.#namedAt) {
        this.#checker.wrong(`an older wish does not come back: ${by} names ${targetPrimary} over ${this.#target}`);
      }
      if (!ours) this.#namedAt = version;
      this.#target = targetPrimary;
    }
    if (ours && currentPrimary !== this.#primary) {
      this.#checker.wrong(`the primary names itself: ${by} writes ${currentPrimary} over ${this.#primary}`);
    }
    this.#primary = currentPrimary;
  }

  /** Pods that the -rw service leads to; empty while the role is on its way to another. */
  #twoPrimaries(): string {
    const lease = this.#store.get(resource.leases, clusterKey) as Lease | undefined;
    const record = lease ? decodeLease(lease) : 'blank';
    if (record === 'blank' || record.holder?.instance !== this.#primary) return '';
    const labelled = this.#store
      .list(resource.pods, namespace)
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .filter(({ metadata }) => metadata?.labels?.[label.instanceRole] === instanceRole.primary)
      .map(({ metadata }) => metadata?.name ?? '');
    return labelled.length > 1 ? labelled.join(', ') : '';
  }

  /** A reconciliation begins; what is returned is told how it ended. */
  begins(): (result: RunResult | undefined) => void {
    const before = this.#twoPrimaries();
    return (result) => {
      this.runs += 1;
      const names = this.#twoPrimaries();
      if (names === '' || names !== before) this.#labelled = { names: '', runs: 0 };
      else if ((result?.afterMs ?? 0) > cutShortMs) this.#labelled = { names, runs: this.#labelled.runs + 1 };
      if (this.#labelled.runs > 1)
        this.#checker.wrong(`one pod is labelled as primary: ${names} after two reconciliations`);
    };
  }
}
