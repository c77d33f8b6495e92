// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';

/** Which standbys may have the last committed transactions; the primary writes it, a failover reads it. */
export interface FailoverQuorum extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  status?: FailoverQuorumStatus;
}

/** The synchronous standbys in force. */
export interface FailoverQuorumStatus {
  /** ANY or FIRST. */
  method?: string;
  /** Names of the synchronous standbys. */
  standbyNames?: string[];
  /** Number of standbys that a commit waits for. */
  standbyNumber?: number;
  /** The primary that wrote it. */
  primary?: string;
}
