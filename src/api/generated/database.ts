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

/** A database of a cluster. */
export interface Database extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: DatabaseSpec;
  status?: DatabaseStatus;
}

/** What the database is to be. */
export interface DatabaseSpec {
  /** The cluster that holds it; it cannot change. */
  cluster: LocalObjectReference;
  /** Name of the database; it cannot change. */
  name: string;
  /** Role that owns the database. */
  owner: string;
  /** Whether the object is to exist. Default: "present". */
  ensure?: 'present' | 'absent';
  /** Database that it is copied from. */
  template?: string;
  /** Encoding. */
  encoding?: string;
  /** Locale. */
  locale?: string;
  /** Locale provider: libc, icu or builtin. */
  localeProvider?: string;
  /** LC_COLLATE. */
  localeCollate?: string;
  /** LC_CTYPE. */
  localeCType?: string;
  /** ICU locale, with the provider icu. */
  icuLocale?: string;
  /** ICU collation rules, with the provider icu. */
  icuRules?: string;
  /** Locale of the provider builtin. */
  builtinLocale?: string;
  /** Version of the collation. */
  collationVersion?: string;
  /** The database is a template. */
  isTemplate?: boolean;
  /** Connections are allowed. */
  allowConnections?: boolean;
  /** Most connections at once; -1: no limit. */
  connectionLimit?: number;
  /** Default tablespace. */
  tablespace?: string;
  /** Whether it goes when this object is deleted. Default: "retain". */
  databaseReclaimPolicy?: 'delete' | 'retain';
  /** Schemas of the database. */
  schemas?: SchemaSpec[];
  /** Extensions of the database. */
  extensions?: ExtensionSpec[];
  /** Foreign-data wrappers of the database. */
  fdws?: FDWSpec[];
  /** Foreign servers of the database. */
  servers?: ServerSpec[];
}

/** A schema. */
export interface SchemaSpec {
  /** Name of the schema. */
  name: string;
  /** Whether the object is to exist. Default: "present". */
  ensure?: 'present' | 'absent';
  /** Role that owns the schema. */
  owner?: string;
}

/** An extension. */
export interface ExtensionSpec {
  /** Name of the extension. */
  name: string;
  /** Whether the object is to exist. Default: "present". */
  ensure?: 'present' | 'absent';
  /** Version of the extension; default: that of its control file. */
  version?: string;
  /** Schema that the extension is made in. */
  schema?: string;
}

/** A foreign-data wrapper. */
export interface FDWSpec {
  /** Name of the wrapper. */
  name: string;
  /** Whether the object is to exist. Default: "present". */
  ensure?: 'present' | 'absent';
  /** Handler function; - for none. */
  handler?: string;
  /** Validator function; - for none. */
  validator?: string;
  /** Role that owns the wrapper. */
  owner?: string;
  /** Options. */
  options?: OptionSpec[];
  /** Roles that may use it. */
  usage?: UsageSpec[];
}

/** An option. */
export interface OptionSpec {
  /** Name of the option. */
  name: string;
  /** Value of the option. */
  value: string;
  /** Whether the object is to exist. Default: "present". */
  ensure?: 'present' | 'absent';
}

/** Who may use it. */
export interface UsageSpec {
  /** Name of the role. */
  name: string;
  /** Whether USAGE is granted or revoked. Default: "grant". */
  type?: 'grant' | 'revoke';
}

/** A foreign server. */
export interface ServerSpec {
  /** Name of the server. */
  name: string;
  /** Name of its foreign-data wrapper. */
  fdw: string;
  /** Whether the object is to exist. Default: "present". */
  ensure?: 'present' | 'absent';
  /** Options. */
  options?: OptionSpec[];
  /** Roles that may use it. */
  usage?: UsageSpec[];
}

/** What was observed of the database. */
export interface DatabaseStatus {
  /** The generation that was applied. */
  observedGeneration?: number;
  /** The database is as the specification says. */
  applied?: boolean;
  /** What went wrong. */
  message?: string;
  /** State of the schemas. */
  schemas?: DatabaseObjectStatus[];
  /** State of the extensions. */
  extensions?: DatabaseObjectStatus[];
  /** State of the foreign-data wrappers. */
  fdws?: DatabaseObjectStatus[];
  /** State of the foreign servers. */
  servers?: DatabaseObjectStatus[];
}

/** State of an object of the database. */
export interface DatabaseObjectStatus {
  /** Name of the object. */
  name: string;
  /** The object is as the specification says. */
  applied: boolean;
  /** What went wrong. */
  message?: string;
}
