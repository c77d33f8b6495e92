import type { Cluster } from '../../../api/generated/cluster.ts';
import { instanceName } from '../../../naming.ts';
import { isReady, members, type World } from '../world.ts';

export type NextReplica =
  | { readonly kind: 'none'; readonly rule: string }
  | { readonly kind: 'running'; readonly name: string; readonly failures: number; readonly message: string }
  /** `missing`: the claims that are still to be made; undefined for all. */
  | { readonly kind: 'create'; readonly name: string; readonly serial: number; readonly missing?: ReadonlySet<string> };

/** The lowest number that no claim, Job or pod of any instance uses, those on their way out included. */
export function freeSerial(world: World): number {
  const used = new Set(world.instances.map(({ serial }) => serial));
  let serial = 1;
  while (used.has(serial)) serial++;
  return serial;
}

/** Which replica is to be made now. Ordered rules, the first that fits. */
export function nextReplica(cluster: Cluster, world: World): NextReplica {
  const present = members(world);
  const unfinished = present.filter(({ filled, pod }) => !filled && pod === undefined);
  const running = unfinished.find(({ job }) => job !== undefined);
  if (running?.job !== undefined) {
    if (running.job.state === 'failed') return { kind: 'none', rule: 'failed-join-waits' };
    const { failures, message } = running.job;
    return { kind: 'running', name: running.name, failures, message };
  }
  const primary = present.find(({ name }) => name === cluster.status?.currentPrimary);
  if (!isReady(primary?.pod)) return { kind: 'none', rule: 'no-primary-to-copy' };
  const [interrupted] = unfinished;
  if (interrupted !== undefined) {
    const { name, serial, missing } = interrupted;
    return { kind: 'create', name, serial, missing: new Set(missing.map((claim) => claim.name)) };
  }
  if (present.length >= cluster.spec.instances) return { kind: 'none', rule: 'enough' };
  const serial = freeSerial(world);
  return { kind: 'create', name: instanceName(cluster.metadata.name, serial), serial };
}
