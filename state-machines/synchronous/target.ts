// Which set of synchronous standbys the spec asks for: spec.postgresql.synchronous, or minSyncReplicas and maxSyncReplicas.

export interface SynchronousSpec {
  readonly method: 'any' | 'first';
  readonly number: number;
  readonly dataDurability: 'required' | 'preferred';
  /** Names of others; they hold data and never promise. */
  readonly standbyNamesPre: readonly string[];
  readonly standbyNamesPost: readonly string[];
  readonly maxStandbyNamesFromCluster?: number;
}

export interface LegacySpec {
  readonly minSyncReplicas: number;
  readonly maxSyncReplicas: number;
}

export interface Standby {
  readonly instance: string;
  readonly incarnation: string;
  /** Streams, advances, is not fenced. */
  readonly healthy: boolean;
  /** By the keys of failureDomainKeys, against the primary's; `unknown` when the node's labels could not be read. */
  readonly failureDomain: 'other' | 'same' | 'unknown';
}

export interface SynchronousTarget {
  /** `sync` only with dataDurability required: there a promise is kept, everything else takes the lease's path (§1). */
  readonly mode: 'sync' | 'async';
  readonly method: 'any' | 'first';
  /** W; 0 = synchronous_standby_names is to be empty. */
  readonly number: number;
  readonly names: readonly Standby[];
  readonly pre: readonly string[];
  readonly post: readonly string[];
  /** Why the failure domains could not be kept apart. */
  readonly topology?: 'InsufficientCrossDomainReplicas' | 'TopologyNotExtracted';
}

const none = { method: 'any', number: 0, names: [], pre: [], post: [] } as const;
const byName = (a: Standby, b: Standby): number =>
  Number(b.healthy) - Number(a.healthy) || (a.instance < b.instance ? -1 : 1);

/** Only those of other failure domains, where there are enough of them; else all, and why. */
function acrossDomains(
  standbys: readonly Standby[],
  enough: number,
  wanted: boolean,
): { readonly names: readonly Standby[]; readonly topology?: NonNullable<SynchronousTarget['topology']> } {
  if (!wanted) return { names: standbys };
  const others = standbys.filter(({ failureDomain }) => failureDomain === 'other');
  if (others.length >= enough) return { names: others };
  const unknown = standbys.some(({ failureDomain }) => failureDomain === 'unknown');
  return { names: standbys, topology: unknown ? 'TopologyNotExtracted' : 'InsufficientCrossDomainReplicas' };
}

/**
 * `standbys` are this cluster's other members. The primary is never a name of its own set: it would count in N and acknowledge
 * nothing. With `required` the unhealthy stay in it, and nothing is ever relaxed: commits wait.
 */
export function synchronousTarget(
  spec: SynchronousSpec,
  standbys: readonly Standby[],
  failureDomains: boolean,
): SynchronousTarget {
  const required = spec.dataDurability === 'required';
  const sorted = [...standbys].sort(byName).filter(({ healthy }) => required || healthy);
  const { names: apart, topology } = acrossDomains(sorted, required ? spec.number : 1, failureDomains);
  const names = apart.slice(0, spec.maxStandbyNamesFromCluster ?? apart.length);
  const present = names.length + spec.standbyNamesPre.length + spec.standbyNamesPost.length;
  const number = required ? spec.number : Math.min(spec.number, present);
  if (number === 0) return { ...none, mode: 'async', ...(topology ? { topology } : {}) };
  return {
    mode: required ? 'sync' : 'async',
    method: spec.method,
    number,
    names,
    pre: spec.standbyNamesPre,
    post: spec.standbyNamesPost,
    ...(topology ? { topology } : {}),
  };
}

/** Up to maxSyncReplicas of those that are healthy. The minimum is a wish: with fewer it is ignored, as before. */
export function legacyTarget(
  spec: LegacySpec,
  standbys: readonly Standby[],
  failureDomains: boolean,
): SynchronousTarget {
  const healthy = [...standbys].sort(byName).filter((standby) => standby.healthy);
  const { names, topology } = acrossDomains(healthy, 1, failureDomains);
  const number = Math.min(spec.maxSyncReplicas, names.length);
  const because = topology ? { topology } : {};
  if (number === 0) return { ...none, mode: 'async', ...because };
  return { ...none, mode: 'async', number, names, ...because };
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The value of synchronous_standby_names. In sync mode it is never empty (rule 22): emptying it would wake all who wait. */
export function standbyNames(target: SynchronousTarget, cluster: string): string {
  const names = [...target.pre, ...target.names.map(({ instance }) => instance), ...target.post];
  if (target.mode === 'sync' && names.length === 0) names.push(`${cluster}-placeholder`);
  if (target.number === 0 || names.length === 0) return '';
  return `${target.method.toUpperCase()} ${target.number} (${names.map(quoted).join(',')})`;
}
