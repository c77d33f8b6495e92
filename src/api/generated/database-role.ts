// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  Condition,
  LocalObjectReference,
} from './shared.ts';
export type {
  Condition,
  LocalObjectReference,
} from './shared.ts';

/** A role of a cluster. */
export interface DatabaseRole extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: DatabaseRoleSpec;
  status?: DatabaseRoleStatus;
}

/** What the role is to be. */
export interface DatabaseRoleSpec {
  /** The cluster that holds it; it cannot change. */
  cluster: LocalObjectReference;
  /** Name of the role; it cannot change. */
  name: string;
  /** Comment on the role. */
  comment?: string;
  /** Must be present: delete this object to drop the role. Default: "present". */
  ensure?: 'present' | 'absent';
  /** basic-auth Secret with the password. */
  passwordSecret?: LocalObjectReference;
  /** The role has no password. */
  disablePassword?: boolean;
  /** Most connections of the role at once; -1: no limit. Default: -1. */
  connectionLimit?: number;
  /** When the password expires. */
  validUntil?: string;
  /** Roles that this role is a member of. */
  inRoles?: string[];
  /** The role has the privileges of the roles that it is a member of. Default: true. */
  inherit?: boolean;
  /** The role may log in. */
  login?: boolean;
  /** The role is a superuser. */
  superuser?: boolean;
  /** The role may create databases. */
  createdb?: boolean;
  /** The role may create roles. */
  createrole?: boolean;
  /** The role may replicate. */
  replication?: boolean;
  /** Row-level security does not apply to the role. */
  bypassrls?: boolean;
  /** Whether it goes when this object is deleted. Default: "retain". */
  databaseRoleReclaimPolicy?: 'delete' | 'retain';
  /** A client certificate for the role. */
  clientCertificate?: ClientCertificate;
}

/** A client certificate for the role. */
export interface ClientCertificate {
  /** A certificate is issued, signed by the CA of the clients. Default: true. */
  enabled?: boolean;
}

/** What was observed of the role. */
export interface DatabaseRoleStatus {
  /** The generation that was applied. */
  observedGeneration?: number;
  /** The database is as the specification says. */
  applied?: boolean;
  /** What went wrong. */
  message?: string;
  /** Version of the Secret that the password was taken from. */
  secretResourceVersion?: string;
  /** State of the client certificate. */
  clientCertificate?: ClientCertificateStatus;
  /** Observations of the state of the object. */
  conditions?: Condition[];
}

/** State of the client certificate. */
export interface ClientCertificateStatus {
  /** When it expires. */
  expiration?: string;
  /** What went wrong. */
  message?: string;
}
