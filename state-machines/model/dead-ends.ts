import type { Numbers } from './seen.ts';

interface Edges {
  readonly from: Numbers;
  readonly to: Numbers;
}

/** The first state that is judged and from which no goal can be reached over these edges, or undefined. */
export function hopeless(states: number, edges: Edges, goals: Numbers, unjudged: Numbers): number | undefined {
  const { from, to } = edges;
  // For each state where its incoming edges begin in `origins`.
  const begins = new Uint32Array(states + 1);
  for (let edge = 0; edge < to.length; edge += 1) begins[to.at(edge) + 1] = (begins[to.at(edge) + 1] ?? 0) + 1;
  for (let state = 0; state < states; state += 1) begins[state + 1] = (begins[state + 1] ?? 0) + (begins[state] ?? 0);
  const origins = new Uint32Array(to.length);
  const filled = begins.slice();
  for (let edge = 0; edge < to.length; edge += 1) {
    const place = filled[to.at(edge)] ?? 0;
    filled[to.at(edge)] = place + 1;
    origins[place] = from.at(edge);
  }
  const reaches = new Uint8Array(states);
  const queue: number[] = [];
  const mark = (state: number): void => {
    if (reaches[state] === 1) return;
    reaches[state] = 1;
    queue.push(state);
  };
  for (let goal = 0; goal < goals.length; goal += 1) mark(goals.at(goal));
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (let edge = begins[state] ?? 0; edge < (begins[state + 1] ?? 0); edge += 1) mark(origins[edge] ?? 0);
  }
  // They need no way, but are none either.
  for (let state = 0; state < unjudged.length; state += 1) reaches[unjudged.at(state)] = 1;
  const first = reaches.indexOf(0);
  return first < 0 ? undefined : first;
}
