import type { KubeApi } from '../../../kube/port.ts';
import type { User } from '../container/start.ts';
import type { EventSink } from './events.ts';
import type { ImageStore } from './images.ts';
import type { AddressPool } from './address.ts';
import type { NodeFacts } from '../model/downward.ts';
import type { NodeDirectory } from '../model/records.ts';
import type { Mounter } from '../volumes/mount.ts';

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What every pod of a node shares. */
export interface NodeContext {
  readonly facts: NodeFacts;
  readonly directory: NodeDirectory;
  readonly api: KubeApi;
  readonly images: ImageStore;
  readonly mounter: Mounter;
  readonly events: EventSink;
  readonly addresses: AddressPool;
  readonly log: Log;
  /** Where containers' roots are. */
  readonly roots: string;
  readonly setsid: string;
  /** Environment of every container, such as KUBERNETES_SERVICE_HOST. */
  readonly environment: Readonly<Record<string, string>>;
  /** The user of the containers; absent: the caller. */
  readonly user?: User;
  /** How often projected volumes are compared with the API server. */
  readonly refreshMs: number;
  readonly now: () => Date;
}
