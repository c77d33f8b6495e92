// How an instance that is not primary gets to stream: rules 16, 21, 27 and 28 of docs/ha-protocol.md. First the ancestry, then the
// connection; a rewind only with a pre-flight check; else a clone into a new volume, the old one kept until the new instance streams.
import { type Row, ruleTable } from '../protocol/rule-table.ts';

/** Times in milliseconds on this machine's clock. */
export interface RejoinFacts {
  readonly now: number;
  readonly holdsLease: boolean;
  /** Stands, claims, or was closed for a promise that is still young: nobody connects meanwhile. */
  readonly standing: boolean;
  /** The holder of the lease at its epoch, over mTLS: not known; silent; answers with its history. */
  readonly primary: 'unknown' | 'silent' | 'answers';
  readonly primaryEpoch: number;
  readonly promised: number;
  readonly data: 'absent' | 'whole' | 'damaged';
  /** Flag on disk: a rewind or a clone was begun here and has not ended. */
  readonly unfinished: 'none' | 'rewind' | 'clone';
  /** A rewind runs now. */
  readonly rewinding: boolean;
  readonly postgres: 'down' | 'busy' | 'up';
  /** Own position against the primary's history (onHistory); unknown until both are read. */
  readonly ancestor: 'unknown' | 'yes' | 'no';
  /** primary_conninfo names this primary. */
  readonly connected: boolean;
  /** The last time that the position moved, or that nothing was there to fetch. */
  readonly progressAt: number;
  /** After so long without progress something is done about it. */
  readonly patience: number;
  /** Reconnections since the last progress, and how many there may be. */
  readonly tries: number;
  readonly maxTries: number;
  /** The primary says that what is needed is gone: slot invalidated, WAL removed and not in the archive. */
  readonly walGone: boolean;
  /** Pre-flight of pg_rewind: program there, checksums or wal_log_hints, common ancestor, WAL since the fork still there. */
  readonly rewindable: 'unknown' | 'yes' | 'no';
  /** A rewind was tried for this timeline and failed. */
  readonly rewindFailed: boolean;
  /** A configuration in force counts on this incarnation: it may not be wiped yet (rule 28, `dispensable`). */
  readonly inForce: boolean;
}

export type RejoinState = 'leading' | 'waiting' | 'checking' | 'rewinding' | 'following' | 'condemned';
export type RejoinAction =
  | { readonly type: 'stay' }
  | { readonly type: 'ask-history' }
  /** Persist the primary's epoch as promised, then primary_conninfo and reload or start (rule 16). */
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect' }
  | { readonly type: 'reconnect' }
  | { readonly type: 'stop-postgres' }
  | { readonly type: 'check-rewind' }
  /** The flag is on disk before the first byte changes. */
  | { readonly type: 'rewind' }
  /** To the primary: take this member out by rule 19. */
  | { readonly type: 'ask-to-be-removed' }
  /** To the operator: a new instance on a new volume; this one goes when that streams. */
  | { readonly type: 'ask-for-clone' };

const stay = { type: 'stay' } as const;
const stalled = (f: RejoinFacts): boolean => f.now - f.progressAt >= f.patience;
const beyondRepair = (f: RejoinFacts): boolean =>
  f.data !== 'whole' ||
  f.unfinished !== 'none' ||
  f.walGone ||
  (f.connected && stalled(f) && f.tries >= f.maxTries) ||
  (f.ancestor === 'no' && (f.rewindFailed || f.rewindable === 'no'));

export const rejoinRows: readonly Row<RejoinFacts, RejoinState, RejoinAction>[] = [
  { rule: 'holds-the-lease', when: (f) => f.holdsLease, state: 'leading', action: stay },
  { rule: 'rewind-under-way', when: (f) => f.rewinding, state: 'rewinding', action: stay },
  { rule: 'stands-for-election', when: (f) => f.standing, state: 'waiting', action: stay },
  { rule: 'primary-unknown', when: (f) => f.primary === 'unknown', state: 'waiting', action: stay },
  {
    rule: 'primary-of-an-older-epoch',
    when: (f) => f.primaryEpoch < f.promised && f.connected,
    state: 'waiting',
    action: { type: 'disconnect' },
  },
  { rule: 'wait-for-newer-primary', when: (f) => f.primaryEpoch < f.promised, state: 'waiting', action: stay },
  { rule: 'primary-silent', when: (f) => f.primary === 'silent', state: 'waiting', action: stay },

  // What cannot be saved goes, but not before the lease no longer counts on it.
  {
    rule: 'lost-but-in-force',
    when: (f) => beyondRepair(f) && f.inForce,
    state: 'condemned',
    action: { type: 'ask-to-be-removed' },
  },
  { rule: 'lost', when: beyondRepair, state: 'condemned', action: { type: 'ask-for-clone' } },

  { rule: 'postgres-busy', when: (f) => f.postgres === 'busy', state: 'waiting', action: stay },
  {
    rule: 'ancestry-unknown',
    when: (f) => f.ancestor === 'unknown',
    state: 'checking',
    action: { type: 'ask-history' },
  },
  {
    rule: 'diverged-and-connected',
    when: (f) => f.ancestor === 'no' && f.connected,
    state: 'checking',
    action: { type: 'disconnect' },
  },
  {
    rule: 'rewind-not-checked',
    when: (f) => f.ancestor === 'no' && f.rewindable === 'unknown',
    state: 'checking',
    action: { type: 'check-rewind' },
  },
  {
    rule: 'stop-before-rewind',
    when: (f) => f.ancestor === 'no' && f.postgres === 'up',
    state: 'checking',
    action: { type: 'stop-postgres' },
  },
  { rule: 'rewind', when: (f) => f.ancestor === 'no', state: 'rewinding', action: { type: 'rewind' } },
  { rule: 'connect', when: (f) => !f.connected, state: 'following', action: { type: 'connect' } },
  { rule: 'stalled', when: stalled, state: 'following', action: { type: 'reconnect' } },
  { rule: 'follows', when: () => true, state: 'following', action: stay },
];

export const rejoin = ruleTable('rejoin', 'waiting', rejoinRows);
