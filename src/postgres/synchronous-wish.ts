// What the Cluster asks for, in the words of the protocol.
import {
  legacyTarget,
  type Standby,
  type SynchronousTarget,
  synchronousTarget,
} from '../../state-machines/synchronous/target.ts';
import type { Cluster } from '../api/generated/cluster.ts';

const nothing: SynchronousTarget = { mode: 'async', method: 'any', number: 0, names: [], pre: [], post: [] };

type Spec = Cluster['spec'];

/** Labels of pods by which standbys of other failure domains are told. */
export const podKeys = ({ postgresql }: Spec): readonly string[] => postgresql?.synchronous?.podFailureDomainKeys ?? [];

/** All labels by which they are told, those of their nodes too. */
export function failureDomainKeys({ postgresql }: Spec): readonly string[] {
  const { podFailureDomainKeys = [], nodeFailureDomainKeys = [] } = postgresql?.synchronous ?? {};
  const election = postgresql?.syncReplicaElectionConstraint;
  const legacy = election?.enabled ? (election.nodeLabelsAntiAffinity ?? []) : [];
  return [...podFailureDomainKeys, ...nodeFailureDomainKeys, ...legacy];
}

/**
 * By status.topology against the primary's: another domain when the value of any key differs, as CloudNativePG has it. One that lacks a
 * label is somewhere, but nobody knows where.
 */
export function failureDomain(
  { spec, status }: Cluster,
  primary: string,
  standby: string,
): 'other' | 'same' | 'unknown' {
  const { instances = {}, successfullyExtracted } = status?.topology ?? {};
  const [here, there] = [instances[primary], instances[standby]];
  if (successfullyExtracted === false || here === undefined || there === undefined) return 'unknown';
  const keys = failureDomainKeys(spec);
  if (keys.some((key) => here[key] === undefined || there[key] === undefined)) return 'unknown';
  return keys.some((key) => here[key] !== there[key]) ? 'other' : 'same';
}

/** The set that the spec asks for, of these standbys. */
export function wishedTarget(spec: Spec, standbys: readonly Standby[]): SynchronousTarget {
  const { postgresql, minSyncReplicas = 0, maxSyncReplicas = 0 } = spec;
  const { synchronous } = postgresql ?? {};
  const domains = failureDomainKeys(spec).length > 0;
  if (synchronous) {
    const { method, number, dataDurability = 'required', maxStandbyNamesFromCluster } = synchronous;
    const names = {
      standbyNamesPre: synchronous.standbyNamesPre ?? [],
      standbyNamesPost: synchronous.standbyNamesPost ?? [],
      ...(maxStandbyNamesFromCluster === undefined ? {} : { maxStandbyNamesFromCluster }),
    };
    return synchronousTarget({ method, number, dataDurability, ...names }, standbys, domains);
  }
  if (maxSyncReplicas > 0) return legacyTarget({ minSyncReplicas, maxSyncReplicas }, standbys, domains);
  return nothing;
}

/**
 * Whether elections ask for the quorum: with `required` unless the user has switched it off, which trades the promise that nothing is
 * lost for a failover that needs no standby's word.
 */
export const asksForQuorum = ({ postgresql }: Spec): boolean => {
  const { synchronous } = postgresql ?? {};
  if (!synchronous || (synchronous.dataDurability ?? 'required') !== 'required') return false;
  return synchronous.failoverQuorum !== false;
};
