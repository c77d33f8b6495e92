import type { Logger } from 'pino';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { EventMessage } from '../../kube/events.ts';
import type { KubeApi } from '../../kube/port.ts';
import type { OperatorConfiguration } from '../config.ts';
import type { OperatorIdentity } from './identity.ts';
import type { InstanceStatusReader } from './instance-status.ts';
import type { Report } from './report.ts';
import type { OwnedObjects } from './owned-objects.ts';
import type { World } from './world.ts';

/** What every phase of one reconciliation sees. Only the report is written to. */
export interface Scope {
  readonly api: KubeApi;
  readonly configuration: OperatorConfiguration;
  readonly identity: OperatorIdentity;
  readonly owned: OwnedObjects;
  readonly readStatus: InstanceStatusReader;
  readonly log: Logger;
  readonly now: Date;
  readonly signal: AbortSignal;
  /** With all defaults filled in. */
  readonly cluster: Cluster;
  readonly name: string;
  readonly namespace: string;
  readonly report: Report;
  readonly emit: (event: EventMessage) => void;
}

/** A scope after the world was looked at. */
export interface ObservedScope extends Scope {
  readonly world: World;
}
