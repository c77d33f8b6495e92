import type { Configuration, LeaseRecord } from '../../../state-machines/protocol/types.ts';
import type { Lease } from '../../kube/objects.ts';
import { annotation } from '../../labels.ts';

/** What the operator reads of the cluster's lease. It never writes there: the instances agree among themselves. */
export interface Leadership {
  /** Absent: nobody has claimed it, or the last holder has given it back. */
  readonly holder?: string;
  readonly epoch: number;
  readonly members: readonly string[];
  readonly configurations: readonly Configuration[];
}

/** Undefined when there is no lease, nobody has ever claimed it, or it cannot be read. */
export function leadershipOf(lease: Lease | undefined): Leadership | undefined {
  const text = lease?.metadata?.annotations?.[annotation.lease];
  if (text === undefined || text === '') return undefined;
  try {
    const { holder, epoch, members = [], configurations = [] } = JSON.parse(text) as Partial<LeaseRecord>;
    if (typeof epoch !== 'number') return undefined;
    return {
      ...(holder === undefined ? {} : { holder: holder.instance }),
      epoch,
      members: members.map(({ instance }) => instance),
      configurations,
    };
  } catch {
    return undefined;
  }
}
