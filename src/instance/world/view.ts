import type { InstanceAction } from '../../../state-machines/instance/actions.ts';
import type { InstanceFacts } from '../../../state-machines/instance/facts.ts';
import type { InstanceState } from '../../../state-machines/instance/machine.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { DataDirectory, PostmasterObservation } from '../postmaster/observe.ts';
import type { Program } from '../programs/find.ts';
import type { ServerState } from '../sql/server-state.ts';

/** The world as the last turn of the loop saw it. Probes, status, metrics and the side tasks read it. */
export interface InstanceView {
  readonly cluster: Cluster | undefined;
  readonly data: DataDirectory;
  readonly postmaster: PostmasterObservation;
  readonly server: ServerState | undefined;
  /** The postgres that is, or would be, started; undefined while there is none that fits. */
  readonly program: Program | undefined;
  readonly facts: InstanceFacts;
  readonly state: InstanceState;
  readonly action: InstanceAction;
  /** What stands in the way, for people: one sentence each. */
  readonly problems: readonly string[];
}

export const servesAsPrimary = (view: InstanceView | undefined): boolean =>
  view?.postmaster.state === 'up' && view.server?.standby === false && view.facts.named === 'self';

export const replicates = (view: InstanceView | undefined): boolean =>
  view?.postmaster.state === 'up' && view.server?.standby === true;
