import type { Cluster } from '../../api/generated/cluster.ts';
import { slotName } from '../../naming.ts';

/** Which replication slots a Cluster wants on an instance. */
export interface SlotWishes {
  /** Name of this instance's own slot on its primary. */
  readonly own: string;
  /** Slots of the other instances. */
  readonly others: readonly string[];
  /** The operator has said which instances there are. */
  readonly listed: boolean;
  readonly highAvailability: boolean;
  readonly prefix: string;
  /** Physical slots that users made on the primary are copied by standbys, but those of these names. */
  readonly copied: boolean;
  readonly excluded: readonly RegExp[];
}

export function slotWishes({ spec, status }: Cluster, self: string): SlotWishes {
  const { highAvailability: settings, synchronizeReplicas } = spec.replicationSlots ?? {};
  const prefix = settings?.slotPrefix ?? '_cnpg_';
  const enabled = settings?.enabled !== false;
  const others = (status?.instanceNames ?? []).filter((name) => name !== self);
  return {
    own: slotName(prefix, self),
    others: others.map((name) => slotName(prefix, name)),
    listed: (status?.instanceNames ?? []).length > 0,
    highAvailability: enabled,
    prefix,
    copied: enabled && synchronizeReplicas?.enabled !== false,
    excluded: (synchronizeReplicas?.excludePatterns ?? []).map((pattern) => new RegExp(pattern)),
  };
}
