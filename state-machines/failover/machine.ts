// What is left to the operator when instance managers elect among themselves: to mirror what the lease says (labels, status), to keep
// the books of failoverDelay, to fence whoever is primary without the lease, and to say why nothing happens. It elects nobody.
import { type Row, ruleTable } from '../protocol/rule-table.ts';

/** Times in milliseconds since 1970: they are kept in Cluster.status. */
export interface FailoverFacts {
  readonly now: number;
  /** Holder of the lease as last read with a quorum read; the lease may be absent or released. */
  readonly holder?: string;
  readonly epoch: number;
  /** The holder answers as primary in the lease's epoch. */
  readonly holderServes: boolean;
  /** The user has fenced the holder: it keeps the lease, and nobody takes over (reference: fencing). */
  readonly holderFenced?: boolean;
  /** The operator makes the holder's pod anew, and it keeps the role unless its lease runs out. */
  readonly holderRestarts?: boolean;
  /** Instances that answer as primary and do not hold the lease, by name; not yet ordered to be fenced. */
  readonly unfenced: readonly string[];
  /** Such ones that are fenced already, and now are no primary any more. */
  readonly fencedByUs: readonly string[];
  /** Pods whose role label is not what the lease says. */
  readonly mislabelled: readonly string[];
  readonly targetPrimary?: string;
  readonly currentPrimary?: string;
  /** A switchover has its own machine. */
  readonly switchover: boolean;
  readonly failingSince?: number;
  /** spec.failoverDelay. */
  readonly failoverDelay: number;
  readonly phase: 'healthy' | 'failing-over' | 'other';
  /** Members that could stand: whole, answering, not fenced. */
  readonly candidates: number;
  /** Each configuration in force could be satisfied by those that answer (rule 13). */
  readonly quorumPossible: boolean;
}

export type FailoverState = 'healthy' | 'adopting' | 'two-primaries' | 'delayed' | 'failing-over' | 'stuck';
export type FailoverAction =
  | { readonly type: 'stay' }
  /** cnpg.io/fencedInstances for those that are primary without the lease. */
  | { readonly type: 'fence-others' }
  | { readonly type: 'unfence-others' }
  | { readonly type: 'set-labels' }
  /** targetPrimary := holder, with the time; failing since nothing. */
  | { readonly type: 'adopt-holder' }
  | { readonly type: 'note-failing' }
  | { readonly type: 'forget-failing' }
  | { readonly type: 'set-phase'; readonly phase: 'Failing over' }
  | { readonly type: 'report'; readonly reason: 'NoQuorum' | 'NoCandidate' };

const stay = { type: 'stay' } as const;

export const failoverRows: readonly Row<FailoverFacts, FailoverState, FailoverAction>[] = [
  {
    // At once, and whatever else is going on.
    rule: 'primary-without-the-lease',
    when: (f) => f.holder !== undefined && f.unfenced.length > 0,
    state: 'two-primaries',
    action: { type: 'fence-others' },
  },
  {
    rule: 'pretender-is-silent',
    when: (f) => f.holderServes && f.fencedByUs.length > 0,
    state: 'adopting',
    action: { type: 'unfence-others' },
  },
  { rule: 'labels-differ', when: (f) => f.mislabelled.length > 0, state: 'adopting', action: { type: 'set-labels' } },
  { rule: 'switchover-under-way', when: (f) => f.switchover, state: 'healthy', action: stay },
  {
    rule: 'holder-is-new',
    when: (f) => f.holderServes && f.targetPrimary !== f.holder,
    state: 'adopting',
    action: { type: 'adopt-holder' },
  },
  {
    rule: 'serves-again',
    when: (f) => f.holderServes && (f.failingSince !== undefined || f.phase === 'failing-over'),
    state: 'adopting',
    action: { type: 'forget-failing' },
  },
  // The new primary's manager writes currentPrimary itself.
  {
    rule: 'wait-for-primary-to-say-so',
    when: (f) => f.holderServes && f.currentPrimary !== f.holder,
    state: 'adopting',
    action: stay,
  },
  { rule: 'healthy', when: (f) => f.holderServes, state: 'healthy', action: stay },
  { rule: 'primary-is-fenced', when: (f) => f.holderFenced === true, state: 'healthy', action: stay },
  { rule: 'primary-is-restarted', when: (f) => f.holderRestarts === true, state: 'healthy', action: stay },

  {
    rule: 'primary-fails',
    when: (f) => f.failingSince === undefined,
    state: 'delayed',
    action: { type: 'note-failing' },
  },
  {
    rule: 'failover-delayed',
    when: (f) => f.now - (f.failingSince ?? f.now) < f.failoverDelay,
    state: 'delayed',
    action: stay,
  },
  {
    rule: 'nobody-can-stand',
    when: (f) => f.candidates === 0,
    state: 'stuck',
    action: { type: 'report', reason: 'NoCandidate' },
  },
  { rule: 'no-quorum', when: (f) => !f.quorumPossible, state: 'stuck', action: { type: 'report', reason: 'NoQuorum' } },
  {
    rule: 'election-begins',
    when: (f) => f.phase !== 'failing-over',
    state: 'failing-over',
    action: { type: 'set-phase', phase: 'Failing over' },
  },
  { rule: 'election-under-way', when: () => true, state: 'failing-over', action: stay },
];

export const failover = ruleTable('failover', 'healthy', failoverRows);
