// Explicit-state exploration: every state that can be reached within the bounds, breadth first, so that a trace is a shortest one.

export interface Model<State> {
  readonly initial: State;
  /** Every step that is possible in a state, each with a name for the trace. */
  readonly steps: (state: State) => Iterable<readonly [string, State]>;
  /** What must never be true, by name; the first that is violated. */
  readonly violated: (state: State) => string | undefined;
  /** Equal states have equal keys. */
  readonly key: (state: State) => string;
}

export interface Exploration {
  readonly states: number;
  readonly depth: number;
  /** False when `limit` ended it. */
  readonly complete: boolean;
  readonly violation?: { readonly invariant: string; readonly trace: readonly string[] };
}

interface Visit {
  readonly from: number;
  readonly step: string;
}

/** Explores breadth first until everything was seen, an invariant is violated, or `limit` states were seen. */
export function explore<State>(model: Model<State>, limit = Infinity): Exploration {
  const seen = new Set<string>([model.key(model.initial)]);
  const visits: Visit[] = [{ from: -1, step: '' }];
  let frontier: [number, State][] = [[0, model.initial]];
  let depth = 0;
  const trace = (index: number): string[] => {
    const steps: string[] = [];
    for (let at = index; at > 0; at = visits[at]?.from ?? 0) steps.unshift(visits[at]?.step ?? '');
    return steps;
  };
  const first = model.violated(model.initial);
  if (first !== undefined) return { states: 1, depth, complete: false, violation: { invariant: first, trace: [] } };
  while (frontier.length > 0) {
    const next: [number, State][] = [];
    for (const [from, state] of frontier) {
      for (const [step, reached] of model.steps(state)) {
        const key = model.key(reached);
        if (seen.has(key)) continue;
        seen.add(key);
        visits.push({ from, step });
        const index = visits.length - 1;
        const invariant = model.violated(reached);
        if (invariant !== undefined) {
          return {
            states: seen.size,
            depth: depth + 1,
            complete: false,
            violation: { invariant, trace: trace(index) },
          };
        }
        if (seen.size >= limit) return { states: seen.size, depth: depth + 1, complete: false };
        next.push([index, reached]);
      }
    }
    frontier = next;
    depth += 1;
  }
  return { states: seen.size, depth: depth - 1, complete: true };
}
