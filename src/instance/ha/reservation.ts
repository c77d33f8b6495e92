import type { Cluster } from '../../api/generated/cluster.ts';
import { nextEpoch } from '../../../state-machines/protocol/epoch.ts';
import { isConflict } from '../../kube/errors.ts';
import { resource } from '../../kube/resource-types.ts';
import { type HaCore, timingOf } from './core/core.ts';

/** Others write the same status now and then: in a change of the primary's role about so often. */
const tries = 8;

export type Reserver = Pick<HaCore, 'context' | 'store' | 'state' | 'view' | 'archive'>;

/** Of the data directory's last checkpoint; 0 where there is none. */
export function checkpointTimeline({ view }: Pick<HaCore, 'view'>): number {
  const data = view()?.data;
  return data?.state === 'valid' ? data.control.checkpointTimeline : 0;
}

/**
 * An epoch to stand for: above every one that anybody who was asked has seen, and from now on this instance's alone. Undefined when none
 * could be reserved (rule 7).
 */
export function freeEpoch(core: Reserver, answered: readonly number[]): Promise<number | undefined> {
  const { store, state, context, archive } = core;
  const { timelineID = 0 } = context.cluster.current?.status ?? {};
  const own = [store.lastRecord?.epoch ?? 0, state.current.promised, checkpointTimeline(core)];
  const least = nextEpoch([...own, timelineID, archive()?.epoch() ?? 0, ...answered]);
  return reserve(core, least).catch((error: unknown) => {
    context.log.info({ err: error, rule: 'reserve-an-epoch' }, 'No epoch could be reserved');
    return undefined;
  });
}

/**
 * Takes the first epoch from `least` on that is above the one in the Cluster's status, by a compare-and-swap of it: whoever knows nothing
 * of the lease, because it was deleted, finds it there (M37). What is taken in vain is taken.
 */
async function reserve(core: Reserver, least: number): Promise<number | undefined> {
  const { kube, cluster, environment } = core.context;
  const key = { namespace: environment.namespace, name: environment.clusterName };
  const signal = AbortSignal.timeout(timingOf(core).retryPeriod * 1000);
  let known = cluster.seen ? cluster.current : undefined;
  for (let time = 0; time < tries; time++) {
    const found = known ?? (await kube.get<Cluster>(resource.clusters, key, { signal }));
    if (!found) return undefined;
    const epoch = Math.max(least, nextEpoch([found.status?.epoch ?? 0]));
    const { resourceVersion } = found.metadata;
    try {
      await kube.patchStatus(resource.clusters, key, { metadata: { resourceVersion }, status: { epoch } }, { signal });
      return epoch;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    known = undefined;
  }
  return undefined;
}
