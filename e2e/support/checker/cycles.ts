/** One transaction before another, and why: it wrote before it, was read by it, or did not see its write. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: 'ww' | 'wr' | 'rw';
}

export class Graph {
  readonly #out = new Map<number, Edge[]>();

  constructor(edges: Iterable<Edge>) {
    for (const edge of edges) {
      if (edge.from === edge.to) continue;
      const list = this.#out.get(edge.from);
      if (list) list.push(edge);
      else this.#out.set(edge.from, [edge]);
    }
  }

  get edges(): Edge[] {
    return [...this.#out.values()].flat();
  }

  of(...kinds: Edge['kind'][]): Graph {
    return new Graph(this.edges.filter(({ kind }) => kinds.includes(kind)));
  }

  /** The shortest way between two transactions. */
  path(from: number, to: number): Edge[] | undefined {
    const by = new Map<number, Edge>();
    let frontier = [from];
    while (frontier.length > 0) {
      const next: number[] = [];
      for (const edge of frontier.flatMap((id) => this.#out.get(id) ?? [])) {
        if (by.has(edge.to)) continue;
        by.set(edge.to, edge);
        if (edge.to === to) return back(by, from, to);
        next.push(edge.to);
      }
      frontier = next;
    }
    return undefined;
  }

  /** What cannot be on a cycle is taken away until nothing more can. */
  core(): Graph {
    let edges = this.edges;
    for (;;) {
      const [sources, targets] = [new Set(edges.map(({ from }) => from)), new Set(edges.map(({ to }) => to))];
      const left = edges.filter(({ from, to }) => targets.has(from) && sources.has(to));
      if (left.length === edges.length) return new Graph(left);
      edges = left;
    }
  }
}

function back(by: ReadonlyMap<number, Edge>, from: number, to: number): Edge[] {
  const path: Edge[] = [];
  for (let at = to; ;) {
    const edge = by.get(at);
    if (!edge) throw new Error(`no way back from ${to}`);
    path.unshift(edge);
    if (edge.from === from) return path;
    at = edge.from;
  }
}

/** A cycle that holds an edge of `first` once and goes on along `rest`. */
export function cycleThrough(first: readonly Edge[], rest: Graph): Edge[] | undefined {
  for (const edge of first) {
    const way = rest.path(edge.to, edge.from);
    if (way) return [edge, ...way];
  }
  return undefined;
}

export const describe = (cycle: readonly Edge[]): string =>
  `T${cycle[0]?.from}${cycle.map(({ kind, to }) => ` -${kind}-> T${to}`).join('')}`;
