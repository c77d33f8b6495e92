import type { Cluster } from '../../../api/generated/cluster.ts';
import { container, instanceName } from '../../../naming.ts';
import { isReady, isTerminating, members, type Instance, type World } from '../world.ts';

export interface RunningJoin {
  readonly name: string;
  readonly failures: number;
  readonly message: string;
}

export interface NewReplica {
  readonly name: string;
  readonly serial: number;
  /** The claims that are still to be made; undefined for all. */
  readonly missing?: ReadonlySet<string>;
}

export interface NextReplicas {
  /** Why no more are begun than `create`. */
  readonly rule: 'no-primary-to-copy' | 'enough' | 'joins-at-once' | 'begin';
  readonly running: readonly RunningJoin[];
  readonly create: readonly NewReplica[];
}

/** Each copy reads all of the primary's data and takes one of its WAL senders. */
export const joinsAtOnce = 3;

/** The lowest number that no claim, Job or pod of any instance uses, those on their way out included. */
export function freeSerial(world: World, taken: ReadonlySet<number> = new Set()): number {
  const used = new Set(world.instances.map(({ serial }) => serial));
  let serial = 1;
  while (used.has(serial) || taken.has(serial)) serial++;
  return serial;
}

const interrupted = ({ name, serial, missing }: Instance): NewReplica => ({
  name,
  serial,
  missing: new Set(missing.map((claim) => claim.name)),
});

function brandNew(cluster: Cluster, world: World, count: number): NewReplica[] {
  const taken = new Set<number>();
  for (let made = 0; made < count; made++) taken.add(freeSerial(world, taken));
  return [...taken].map((serial) => ({ name: instanceName(cluster.metadata.name, serial), serial }));
}

/**
 * The first instance, elected and in its first start: it serves sooner than a Job comes to copying, so replicas are begun beside it.
 * `started` turns true with the first success of the startup probe and stays so for the life of the container.
 */
const isFirstStart = (primary: Instance | undefined, present: readonly Instance[]): boolean =>
  present.every((instance) => instance === primary || !instance.filled) &&
  !isTerminating(primary?.pod) &&
  (primary?.pod?.status?.containerStatuses?.some(
    ({ name, started, state }) => name === container.postgres && started === false && state?.running !== undefined,
  ) ??
    false);

/** Which replicas are to be made now. One that failed for good keeps its place, and keeps nobody else from being made. */
export function nextReplicas(cluster: Cluster, world: World): NextReplicas {
  const present = members(world);
  const unfinished = present.filter(({ filled, pod }) => !filled && pod === undefined);
  const running = unfinished.flatMap(({ name, job }) =>
    job === undefined || job.state === 'failed' ? [] : [{ name, failures: job.failures, message: job.message }],
  );
  const primary = present.find(({ name }) => name === cluster.status?.currentPrimary);
  if (!isReady(primary?.pod) && !isFirstStart(primary, present))
    return { rule: 'no-primary-to-copy', running, create: [] };
  const wanted = [
    ...unfinished.filter(({ job }) => job === undefined).map(interrupted),
    ...brandNew(cluster, world, Math.max(0, cluster.spec.instances - present.length)),
  ];
  if (wanted.length === 0) return { rule: 'enough', running, create: [] };
  const create = wanted.slice(0, Math.max(0, joinsAtOnce - running.length));
  return { rule: create.length < wanted.length ? 'joins-at-once' : 'begin', running, create };
}
