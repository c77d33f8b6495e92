// The words of the high-availability protocol (docs/ha-protocol.md §1–§3) as data. Everything here is a value that travels or is
// stored; nothing is observed by it.

/** One life of one data directory: an instance's name and the random id made with the directory (rule 20). */
export interface Member {
  readonly instance: string;
  readonly incarnation: string;
}

/** End of the last complete WAL record and the timeline it is on; orders any two logs (§1). */
export interface Position {
  readonly timeline: number;
  readonly lsn: bigint;
}

/** Who must have flushed a commit before it is acknowledged, in force from `owner`'s epoch on. */
export interface Configuration {
  readonly version: number;
  readonly epoch: number;
  readonly owner: Member;
  /** Standbys of this cluster by incarnation. */
  readonly names: readonly Member[];
  /** Names of others (standbyNamesPre/Post): they hold data and never promise. */
  readonly external: readonly string[];
  /** W: how many of all names must flush; 0 = asynchronous. */
  readonly number: number;
}

/** A member as the lease lists it. */
export interface LeaseMember extends Member {
  readonly address: string;
}

/** What the Lease object holds; the one object that decides (§2). Every change is a compare-and-swap on uid + version. */
export interface LeaseRecord {
  readonly uid: string;
  readonly version: string;
  readonly clusterUid: string;
  readonly systemIdentifier: string;
  /** Absent = released. */
  readonly holder?: Member;
  readonly epoch: number;
  readonly configurations: readonly Configuration[];
  readonly members: readonly LeaseMember[];
  /** An operator's wish that nobody is elected meanwhile, with its reason. */
  readonly paused?: string;
}

/** What an instance keeps in ha.json on its data volume, fsynced before it acts on it (§2). */
export interface PersistedState {
  readonly clusterUid: string;
  readonly systemIdentifier: string;
  readonly incarnation: string;
  /** Highest epoch promised to anybody, itself included. */
  readonly promised: number;
  /** Epoch in which this directory is primary; absent = standby. */
  readonly led?: number;
  /** Epoch in which this directory was ordered to be promoted: its timeline must be that number (rule 24). */
  readonly promotes?: number;
  /** This directory's log is the whole log of its own configuration: it stopped as primary and has not followed since (rule 18). */
  readonly ownsLog: boolean;
  /** A rewind was begun in this directory and has not ended: it holds nothing that can be relied upon (rule 27). */
  readonly unfinished?: 'rewind';
  readonly configurationVersion: number;
  readonly configurationEpoch: number;
}

export interface GrantedPromise {
  readonly member: Member;
  readonly epoch: number;
  readonly position: Position;
  /** The giver owns the log of the configuration that it led, and its postgres has stopped. */
  readonly ownsLog: boolean;
}

/** Seconds, as spec.primaryLease has them (rule 3). */
export interface LeaseTiming {
  readonly duration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
}
