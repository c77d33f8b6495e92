// The import graph of src and state-machines: which part imports which, as docs/architecture.md draws it, and whether folders import each
// other in a circle. (That files do not, and that the arrows go one way, is lint's: .dependency-cruiser.cjs.)
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const root = path.dirname(import.meta.dirname);
type Graph = Map<string, Set<string>>;

const sources = (): string[] =>
  globSync(['src/**/*.ts', 'state-machines/**/*.ts'], { cwd: root })
    .filter((file) => !file.endsWith('.test.ts') && !/(^|\/)testing\b/.test(file))
    .sort();

/** naming.ts, labels.ts and the like are one part; so are the state machines, which know nothing else. */
function partOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  if (first === 'state-machines') return first;
  return second.endsWith('.ts') ? 'names' : second;
}

function graphOf(name: (file: string) => string): Graph {
  const graph: Graph = new Map();
  for (const file of sources()) {
    const from = name(file);
    const targets = graph.get(from) ?? new Set<string>();
    graph.set(from, targets);
    for (const { fileName } of ts.preProcessFile(readFileSync(path.join(root, file), 'utf8')).importedFiles) {
      if (!fileName.startsWith('.')) continue;
      const to = name(path.posix.join(path.dirname(file), fileName));
      if (to !== from) targets.add(to);
    }
  }
  return graph;
}

function reachable(graph: Graph, from: string): Set<string> {
  const seen = new Set<string>();
  const open = [from];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const to of graph.get(next) ?? []) {
      if (!seen.has(to)) open.push(to);
      seen.add(to);
    }
  }
  return seen;
}

/** Sets of folders each of which reaches all others of its set. */
function knots(graph: Graph): string[][] {
  const reach = new Map([...graph.keys()].map((name) => [name, reachable(graph, name)]));
  const found = new Map<string, string[]>();
  for (const name of [...graph.keys()].sort()) {
    const together = [...graph.keys()]
      .filter((other) => reach.get(name)?.has(other) && reach.get(other)?.has(name))
      .sort();
    if (together.length > 1) found.set(together[0] ?? '', together);
  }
  return [...found.values()];
}

/** What a part reaches by way of others is not drawn again. */
function drawn(graph: Graph): string[] {
  return [...graph].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((via) => via !== to && reachable(graph, via).has(to)))
      .sort()
      .map((to) => `  ${from} --> ${to}`),
  );
}

/** Folders that import each other in a circle, a list for each circle: there are none, and a test keeps it so. */
export const folderCircles = (): string[][] => knots(graphOf((file) => path.posix.dirname(file)));

const importGraph = (): string => `\`\`\`mermaid
flowchart TD
${drawn(graphOf(partOf)).sort().join('\n')}
\`\`\`
`;

const [begin, end] = ['<!-- import graph: written by npm run generate -->', '<!-- end of the import graph -->'];

/** The page with the graph as it is now between its two marks. */
export function withImportGraph(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`docs/architecture.md has no "${begin}" … "${end}"`);
  return `${before}${begin}\n\n${importGraph()}\n${end}${after}`;
}
