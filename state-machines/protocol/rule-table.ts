// A decision machine as an ordered table: the first row whose condition holds decides, and its rule's name goes wherever the decision
// is seen. The table is turned into an xstate machine with one event, so that it can be drawn, simulated and explored.
import { initialTransition, setup, transition } from 'xstate';

export interface Row<Facts, State extends string, Action extends { readonly type: string }> {
  /** Stable name; never renamed, never used twice in a machine. */
  readonly rule: string;
  readonly when: (facts: Facts) => boolean;
  readonly state: State;
  readonly action: Action;
}

export type Ruled<Action> = Action & { readonly rule: string };

export interface Decision<State extends string, Action> {
  readonly state: State;
  readonly action: Ruled<Action>;
}

export interface RuleTable<Facts, State extends string, Action extends { readonly type: string }> {
  readonly id: string;
  readonly rows: readonly Row<Facts, State, Action>[];
  /** The machine, for drawings and explorers. */
  readonly machine: unknown;
  /** One observation, one decision. Throws when no row matches: a table is meant to be complete. */
  decide(facts: Facts): Decision<State, Action>;
}

/** A type for xstate's `types`, which has no use for a value. */
const typed = <T>(): T => ({}) as T;

export function ruleTable<Facts, State extends string, Action extends { readonly type: string }>(
  id: string,
  initial: State,
  rows: readonly Row<Facts, State, Action>[],
): RuleTable<Facts, State, Action> {
  type Observed = { type: 'OBSERVED'; facts: Facts };
  const states = Object.fromEntries([initial, ...rows.map((row) => row.state)].map((name) => [name, {}]));
  const machine = setup({
    types: typed<{ events: Observed }>(),
    guards: Object.fromEntries(
      rows.map((row) => [row.rule, ({ event }: { event: Observed }) => row.when(event.facts)]),
    ),
    actions: { act: (_: unknown, _action: unknown) => undefined },
  }).createMachine({
    id,
    initial,
    states,
    on: {
      OBSERVED: rows.map((row) => ({
        guard: row.rule,
        target: `.${row.state}`,
        actions: { type: 'act' as const, params: { ...row.action, rule: row.rule } },
      })),
    },
  });
  const [start] = initialTransition(machine);
  return {
    id,
    rows,
    machine,
    decide(facts) {
      const [next, actions] = transition(machine, start, { type: 'OBSERVED', facts });
      const [decided] = actions;
      if (!decided) throw new Error(`no rule of the ${id} machine matches ${JSON.stringify(facts)}`);
      return { state: next.value as State, action: decided.params as Ruled<Action> };
    },
  };
}
