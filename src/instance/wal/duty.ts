import type { PostmasterState } from '../postmaster/observe.ts';
import type { ArchivingRole } from './archive.ts';

/** What the manager's last look tells of PostgreSQL here. */
export interface ServerSeen {
  readonly postmaster: PostmasterState | undefined;
  /** It serves as the cluster's primary, by the lease. */
  readonly primary: boolean;
  /** What the server itself says; undefined while it does not answer. */
  readonly standby: boolean | undefined;
  /** The role is being handed over. */
  readonly leaving: boolean;
}

export interface Duty {
  readonly role: ArchivingRole;
  /** Milliseconds that archiving may still take of a shutdown; undefined when there is none. */
  readonly timeLeft: number | undefined;
}

/** One flush for all shutdowns. Where somebody waits for the role, what is left is the successor's to ship (standby-archive.ts). */
const flush = { handover: 2_000, other: 30_000 } as const;

/** Remembers what PostgreSQL was when it is being stopped: its last segments are still to be shipped then. */
export function createDuty(seen: () => ServerSeen, now: () => number = () => performance.now()): () => Duty {
  let last: ArchivingRole = 'unknown';
  let since: number | undefined;
  return () => {
    const { postmaster, primary, standby, leaving } = seen();
    if (postmaster === 'stopping') {
      since ??= now();
      const budget = last === 'standby' ? 0 : leaving ? flush.handover : flush.other;
      return { role: last, timeLeft: budget - (now() - since) };
    }
    since = undefined;
    if (postmaster !== 'up') last = 'unknown';
    else if (standby === true) last = 'standby';
    else if (primary) last = 'primary';
    else if (!(leaving && last === 'primary')) return { role: 'unknown', timeLeft: undefined };
    return { role: last, timeLeft: undefined };
  };
}
