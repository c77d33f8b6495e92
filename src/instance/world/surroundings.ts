import type { KubeApi } from '../../kube/port.ts';
import type { ClusterSource } from '../cluster/cluster-source.ts';
import type { SecretSource } from '../cluster/secret-source.ts';
import type { InstanceEnvironment } from './environment.ts';
import type { Logger } from '../log/logger.ts';
import type { Session } from '../sql/session.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

/** What surrounds the parts of a running manager: also those that the high-availability protocol is made of. */
export interface Surroundings {
  readonly environment: InstanceEnvironment;
  readonly log: Logger;
  /** For children with another `logger`. */
  readonly rootLog: Logger;
  readonly kube: KubeApi;
  readonly supervisor: Supervisor;
  readonly cluster: ClusterSource;
  readonly secrets: SecretSource;
  readonly session: Session;
  /** The postmaster whose roles and passwords were brought in order, as far as possible; before that no client gets in. */
  readonly rolesKept: { pid?: number };
  /** The manager's life. */
  readonly signal: AbortSignal;
  /** The container is to end (SIGTERM), since this wall-clock time in milliseconds. */
  terminatingSince(): number | undefined;
}
