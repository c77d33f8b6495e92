// Explicit-state exploration: every state that can be reached within the bounds, breadth first, so that a trace is a shortest one.
import { hopeless } from './dead-ends.ts';
import { Numbers, Seen } from './seen.ts';

export interface Model<State> {
  readonly initial: State;
  /** Every step that is possible in a state, each with a name for the trace. */
  readonly steps: (state: State) => Iterable<readonly [string, State]>;
  /** What must never be true, by name; the first that is violated. */
  readonly violated: (state: State) => string | undefined;
  /** Equal states have equal keys. */
  readonly key: (state: State) => string;
  /** From every state one of these must be reachable by fair steps alone: looked for when it is given. */
  readonly goal?: (state: State) => boolean;
  /** Whether a state that reaches no goal counts: not when only the bounds forbid to go on. */
  readonly judged?: (state: State) => boolean;
  /** A step that the world takes sooner or later, as opposed to a fault. */
  readonly fair?: (step: string) => boolean;
}

export interface Exploration {
  readonly states: number;
  readonly depth: number;
  /** False when `limit` or a violation ended it. */
  readonly complete: boolean;
  readonly violation?: { readonly invariant: string; readonly trace: readonly string[] };
}

/** The names of the steps along a path of states, found by taking it again. */
function retrace<State>(model: Model<State>, seen: Seen, index: number): string[] {
  let state = model.initial;
  return seen.path(index).map((next) => {
    for (const [step, reached] of model.steps(state)) {
      if (!seen.isAt(next, model.key(reached))) continue;
      state = reached;
      return step;
    }
    throw new Error('a state was reached by a step that is not possible: the model is not a function of its state');
  });
}

/** Explores breadth first until everything was seen, an invariant is violated, or `limit` states were seen. */
export function explore<State>(model: Model<State>, limit = Infinity): Exploration {
  const seen = new Seen();
  seen.enter(model.key(model.initial), 0);
  const first = model.violated(model.initial);
  if (first !== undefined) return { states: 1, depth: 0, complete: false, violation: { invariant: first, trace: [] } };
  const goals = new Numbers();
  const unjudged = new Numbers();
  const edges = { from: new Numbers(), to: new Numbers() };
  if (model.goal?.(model.initial)) goals.push(0);
  let frontier: [number, State][] = [[0, model.initial]];
  let depth = 0;
  while (frontier.length > 0) {
    const next: [number, State][] = [];
    for (const [from, state] of frontier) {
      for (const [step, reached] of model.steps(state)) {
        const before = seen.size;
        const index = seen.enter(model.key(reached), from);
        if (model.goal && model.fair?.(step) !== false) {
          edges.from.push(from);
          edges.to.push(index);
        }
        if (index < before) continue;
        const invariant = model.violated(reached);
        if (invariant !== undefined) {
          const violation = { invariant, trace: retrace(model, seen, index) };
          return { states: seen.size, depth: depth + 1, complete: false, violation };
        }
        if (seen.size >= limit) return { states: seen.size, depth: depth + 1, complete: false };
        if (model.goal?.(reached)) goals.push(index);
        else if (model.judged?.(reached) === false) unjudged.push(index);
        next.push([index, reached]);
      }
    }
    frontier = next;
    depth += 1;
  }
  const found = { states: seen.size, depth: depth - 1, complete: true };
  const lost = model.goal ? hopeless(seen.size, edges, goals, unjudged) : undefined;
  if (lost === undefined) return found;
  return { ...found, violation: { invariant: 'dead end', trace: retrace(model, seen, lost) } };
}

/** The state after these steps, by their names: how a scenario begins part-way. Throws when one of them is not possible. */
export function follow<State>(
  steps: (state: State) => Iterable<readonly [string, State]>,
  initial: State,
  names: readonly string[],
): State {
  return names.reduce((state, name) => {
    const possible = [...steps(state)];
    const step = possible.find(([other]) => other === name);
    if (!step) throw new Error(`"${name}" is not possible, but ${possible.map(([other]) => other).join('; ')}`);
    return step[1];
  }, initial);
}
