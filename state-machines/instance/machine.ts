import { initialTransition, setup, transition, type SnapshotFrom } from 'xstate';
import type { InstanceAction } from './actions.ts';
import type { InstanceFacts } from './facts.ts';

/** Names of states, as /pg/status and the log show them. */
export type InstanceState =
  'waiting' | 'fenced' | 'starting' | 'primary' | 'standby' | 'promoting' | 'stopping' | 'ended';

type Action = InstanceAction extends infer A ? (A extends InstanceAction ? Omit<A, 'rule'> : never) : never;

interface Row {
  readonly rule: string;
  readonly when: (facts: InstanceFacts) => boolean;
  readonly state: InstanceState;
  readonly action: Action;
}

const stay = { type: 'stay' } as const;
const down = (facts: InstanceFacts): boolean => facts.postgres === 'down';
const up = (facts: InstanceFacts): boolean => facts.postgres === 'up';
const serves = (facts: InstanceFacts): boolean => up(facts) && facts.role === 'primary';
const replicates = (facts: InstanceFacts): boolean => up(facts) && facts.role === 'standby';

/** The first row whose condition holds decides. The order is the meaning: what ends postgres stands before what starts it. */
export const rows: readonly Row[] = [
  {
    rule: 'release-before-the-end',
    when: (f) => f.terminating && down(f) && f.releasing,
    state: 'stopping',
    action: stay,
  },
  { rule: 'end-after-termination', when: (f) => f.terminating && down(f), state: 'ended', action: { type: 'end' } },
  {
    rule: 'stop-for-termination',
    when: (f) => f.terminating,
    state: 'stopping',
    action: { type: 'stop', why: 'termination' },
  },
  {
    rule: 'stop-foreign-postgres',
    when: (f) => f.foreign && !down(f),
    state: 'stopping',
    action: { type: 'stop', why: 'foreign' },
  },
  { rule: 'stay-fenced', when: (f) => f.fenced && down(f), state: 'fenced', action: stay },
  { rule: 'stop-for-fencing', when: (f) => f.fenced, state: 'stopping', action: { type: 'stop', why: 'fencing' } },
  // A role that was taken away is taken away during a shutdown, too: the stop gets stronger with its deadline.
  {
    rule: 'stop-demoted',
    when: (f) => serves(f) && f.named === 'other',
    state: 'stopping',
    action: { type: 'stop', why: 'demotion' },
  },
  {
    rule: 'stop-diverged',
    when: (f) => f.diverged && (replicates(f) || (f.postgres === 'starting' && f.role === 'standby')),
    state: 'stopping',
    action: { type: 'stop', why: 'diverged' },
  },
  { rule: 'wait-for-shutdown', when: (f) => f.postgres === 'stopping', state: 'stopping', action: stay },
  {
    // The primary was found while postgres already started: a standby that lacks WAL to become consistent waits for him for ever.
    rule: 'load-configuration-while-starting',
    when: (f) => f.postgres === 'starting' && f.configurationStale,
    state: 'starting',
    action: { type: 'reload' },
  },
  { rule: 'wait-for-start', when: (f) => f.postgres === 'starting', state: 'starting', action: stay },

  // The old directory is kept until the new one streams.
  {
    rule: 'rebuild-diverged',
    when: (f) => down(f) && f.diverged,
    state: 'waiting',
    action: { type: 'rebuild' },
  },
  { rule: 'wait-for-data-directory', when: (f) => down(f) && f.data !== 'valid', state: 'waiting', action: stay },
  { rule: 'wait-for-cluster', when: (f) => down(f) && f.cluster === 'unknown', state: 'waiting', action: stay },
  { rule: 'wait-for-programs', when: (f) => down(f) && !f.programs, state: 'waiting', action: stay },
  { rule: 'wait-for-certificates', when: (f) => down(f) && !f.certificates, state: 'waiting', action: stay },
  { rule: 'wait-for-a-role', when: (f) => down(f) && f.named === 'nobody', state: 'waiting', action: stay },
  { rule: 'wait-for-disk-space', when: (f) => down(f) && f.diskFull, state: 'waiting', action: stay },
  { rule: 'wait-after-failed-start', when: (f) => down(f) && f.backingOff, state: 'waiting', action: stay },
  {
    // PostgreSQL died after it took standby.signal away and before it was on its new timeline: started as it is, it would be a
    // primary on the old one (rule 24). As a standby it is promoted again.
    rule: 'undo-half-a-promotion',
    when: (f) => down(f) && f.role === 'primary' && f.halfPromoted,
    state: 'waiting',
    action: { type: 'become-standby' },
  },
  {
    // An old copy of the Cluster may name a primary that was replaced since.
    rule: 'wait-for-fresh-role',
    when: (f) => down(f) && f.named === 'self' && f.role === 'primary' && f.cluster !== 'seen',
    state: 'waiting',
    action: stay,
  },
  {
    rule: 'start-primary',
    when: (f) => down(f) && f.named === 'self' && f.role === 'primary',
    state: 'starting',
    action: { type: 'start', as: 'primary' },
  },
  {
    rule: 'start-standby',
    when: (f) => down(f) && f.role === 'standby',
    state: 'starting',
    action: { type: 'start', as: 'standby' },
  },
  // A standby that follows nobody yet: it replays what it has, and only then its end can be compared (rules 12, 21).
  { rule: 'turn-into-standby', when: down, state: 'waiting', action: { type: 'become-standby' } },

  { rule: 'wait-for-answer', when: (f) => up(f) && f.role === 'unknown', state: 'starting', action: stay },
  {
    rule: 'load-configuration',
    when: (f) => up(f) && f.configurationStale,
    state: 'starting',
    action: { type: 'reload' },
  },
  // The steps to service are the promoter's, which is faster than this loop.
  { rule: 'promotion-under-way', when: (f) => replicates(f) && f.named === 'self', state: 'promoting', action: stay },
  {
    rule: 'restart-for-parameters',
    when: (f) => up(f) && f.restartDue,
    state: 'stopping',
    action: { type: 'stop', why: 'restart' },
  },
  { rule: 'serve', when: serves, state: 'primary', action: stay },
  { rule: 'replicate', when: replicates, state: 'standby', action: stay },
];

type Observed = { type: 'OBSERVED'; facts: InstanceFacts };

/** A type for xstate's `types`, which has no use for a value. */
const typed = <T>(): T => ({}) as T;

const guards = Object.fromEntries(
  rows.map((row) => [row.rule, ({ event }: { event: Observed }) => row.when(event.facts)]),
);

const transitions = rows.map((row) => ({
  guard: row.rule,
  target: `.${row.state}`,
  actions: { type: 'act' as const, params: { ...row.action, rule: row.rule } },
}));

export const instanceMachine = setup({
  types: typed<{ events: Observed }>(),
  guards,
  actions: { act: (_: unknown, _action: InstanceAction) => undefined },
}).createMachine({
  id: 'instance',
  initial: 'waiting',
  states: { waiting: {}, fenced: {}, starting: {}, primary: {}, standby: {}, promoting: {}, stopping: {}, ended: {} },
  on: { OBSERVED: transitions },
});

export type InstanceSnapshot = SnapshotFrom<typeof instanceMachine>;

export interface Decision {
  readonly snapshot: InstanceSnapshot;
  readonly state: InstanceState;
  readonly action: InstanceAction;
}

/** One observation, one decision. Throws when no row matches: the table is meant to be complete. */
export function decide(snapshot: InstanceSnapshot | undefined, facts: InstanceFacts): Decision {
  const from = snapshot ?? initialTransition(instanceMachine)[0];
  const [next, actions] = transition(instanceMachine, from, { type: 'OBSERVED', facts });
  const [decided] = actions;
  if (!decided) throw new Error(`no rule of the instance's machine matches ${JSON.stringify(facts)}`);
  return { snapshot: next, state: next.value, action: decided.params as unknown as InstanceAction };
}
