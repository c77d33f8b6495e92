// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  LocalObjectReference,
} from './shared.ts';
export type {
  LocalObjectReference,
} from './shared.ts';

/** A publication of logical replication. */
export interface Publication extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: PublicationSpec;
  status?: PublicationStatus;
}

/** What the publication is to be. */
export interface PublicationSpec {
  /** The cluster that holds it; it cannot change. */
  cluster: LocalObjectReference;
  /** Name of the publication; it cannot change. */
  name: string;
  /** Database of the publication; it cannot change. */
  dbname: string;
  /** Parameters of CREATE PUBLICATION. */
  parameters?: Record<string, string>;
  /** What is published. */
  target: PublicationTarget;
  /** Whether it goes when this object is deleted. Default: "retain". */
  publicationReclaimPolicy?: 'delete' | 'retain';
}

/** What is published. */
export interface PublicationTarget {
  /** Every table; it cannot change. */
  allTables?: boolean;
  /** Tables and schemas. */
  objects?: PublicationTargetObject[];
}

/** A table, or every table of a schema. */
export interface PublicationTargetObject {
  /** A schema whose tables are published. */
  tablesInSchema?: string;
  /** A table. */
  table?: PublicationTargetTable;
}

/** A table. */
export interface PublicationTargetTable {
  /** Name of the table. */
  name: string;
  /** Schema of the table. */
  schema?: string;
  /** Tables that inherit from it are left out. */
  only?: boolean;
  /** Columns that are published; default: all. */
  columns?: string[];
}

/** What was observed of the publication. */
export interface PublicationStatus {
  /** The generation that was applied. */
  observedGeneration?: number;
  /** The database is as the specification says. */
  applied?: boolean;
  /** What went wrong. */
  message?: string;
}
