// What the kinds that describe an object inside of a database have in common.
import { ageColumn, type PrinterColumn } from '../schema/kind.ts';
import { as, choice, flag, integer, required, text } from '../schema/schema.ts';
import { localObjectReference } from './common.ts';

const fixed = (name: string): { rules: { rule: string; message: string }[] } => ({
  rules: [{ rule: 'self == oldSelf', message: `${name} is immutable` }],
});

export const clusterField = required(
  as(localObjectReference, 'The cluster that holds it; it cannot change.', fixed('cluster')),
);

export const fixedName = (description: string, name = 'name'): ReturnType<typeof text> =>
  required(text(description, fixed(name)));

export const reclaimPolicy = choice(['delete', 'retain'], 'Whether it goes when this object is deleted.', {
  default: 'retain',
});

export const appliedStatusFields = {
  observedGeneration: integer('The generation that was applied.', { format: 'int64' }),
  applied: flag('The database is as the specification says.'),
  message: text('What went wrong.'),
} as const;

export const appliedColumns: readonly PrinterColumn[] = [
  ageColumn,
  { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster.name' },
  { name: 'PG Name', type: 'string', jsonPath: '.spec.name' },
  { name: 'Applied', type: 'boolean', jsonPath: '.status.applied' },
  { name: 'Message', type: 'string', jsonPath: '.status.message', description: 'What went wrong' },
];
