/** What the manager of one instance has seen of its world when it decides. All of it is observed anew for every decision. */
export interface InstanceFacts {
  /** The container is to end. */
  readonly terminating: boolean;
  /** Where the wish comes from: not known; a copy of an earlier life; the API server, in this life. */
  readonly cluster: 'unknown' | 'copy' | 'seen';
  /** The user has fenced this instance (cnpg.io/fencedInstances). */
  readonly fenced: boolean;
  /** Who is to be primary, by the lease: 'self' only while it is fresh. */
  readonly named: 'self' | 'other' | 'nobody';
  readonly data: 'absent' | 'unusable' | 'valid';
  /** PostgreSQL of the data directory's major version is in the image. */
  readonly programs: boolean;
  readonly certificates: boolean;
  readonly postgres: 'down' | 'starting' | 'up' | 'stopping';
  /** The running postgres is not a child of the supervisor: nobody would reap it, nor end it when the manager hangs. */
  readonly foreign: boolean;
  /** What the data directory is, or the running server answers; unknown while it does not answer. */
  readonly role: 'primary' | 'standby' | 'unknown';
  /** What this instance has is not a beginning of what the primary has: it must be made anew from him (protocol, rule 21). */
  readonly diverged: boolean;
  /** The volume of the WAL has no room for another segment. */
  readonly diskFull: boolean;
  /** A start failed a moment ago. */
  readonly backingOff: boolean;
  /** The files that PostgreSQL has loaded are not those that the Cluster asks for. */
  readonly configurationStale: boolean;
  /** A parameter waits for a restart, and it is this instance's turn. */
  readonly restartDue: boolean;
  /** The lease is still to be given back before the process ends. */
  readonly releasing: boolean;
  /** A promotion was ordered here, standby.signal is gone, and pg_control is still on the timeline of before. */
  readonly halfPromoted: boolean;
}
