import type { DrawnMachine, DrawnRow } from './machines.ts';

const inState = (rows: readonly DrawnRow[], state: string): readonly string[] => [
  ...new Set(rows.filter((row) => row.state === state).map((row) => row.action.type)),
];

/**
 * One page of docs/state-machines: a drawing and the table of the rows. Every decision is made anew from what is seen, whatever the
 * state before, so the drawing shows for each state the rules that lead there, not arrows between states.
 */
export function machinePage({ id, title, rows }: DrawnMachine): string {
  const states = [...new Set(rows.map(({ state }) => state))];
  const lines = states.flatMap((state) => [
    `  state "${state}: ${inState(rows, state).join(', ')}" as ${state.replaceAll('-', '_')}`,
    ...rows
      .filter((row) => row.state === state)
      .map((row) => `  observed --> ${state.replaceAll('-', '_')}: ${rows.indexOf(row) + 1} ${row.rule}`),
  ]);
  const table = rows.map(
    (row, place) => `| ${place + 1} | \`${row.rule}\` | ${row.state} | ${described(row.action)} |`,
  );
  return [
    `# ${title}`,
    '',
    `Generated from \`state-machines/${id}/machine.ts\` by \`npm run generate\`. The first row that holds decides.`,
    '',
    '```mermaid',
    'stateDiagram-v2',
    '  direction LR',
    '  [*] --> observed',
    ...lines,
    '```',
    '',
    '| # | rule | state | action |',
    '|---|---|---|---|',
    ...table,
    '',
  ].join('\n');
}

function described(action: DrawnRow['action']): string {
  const { type, ...parameters } = action;
  const rest = Object.values(parameters).map(String);
  return rest.length > 0 ? `${type} (${rest.join(', ')})` : type;
}
