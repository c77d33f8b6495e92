import type { Kind } from '../schema/kind.ts';
import { flag, list, object, required, text, textMap, texts } from '../schema/schema.ts';
import { appliedColumns, appliedStatusFields, clusterField, fixedName, reclaimPolicy } from './applied.ts';

const table = object('PublicationTargetTable', 'A table.', {
  name: required(text('Name of the table.')),
  schema: text('Schema of the table.'),
  only: flag('Tables that inherit from it are left out.'),
  columns: texts('Columns that are published; default: all.'),
});

const target = object(
  'PublicationTarget',
  'What is published.',
  {
    allTables: flag('Every table; it cannot change.', {
      rules: [{ rule: 'self == oldSelf', message: 'allTables is immutable' }],
    }),
    objects: list(
      object(
        'PublicationTargetObject',
        'A table, or every table of a schema.',
        { tablesInSchema: text('A schema whose tables are published.'), table },
        {
          rules: [
            {
              rule: '(has(self.tablesInSchema) && !has(self.table)) || (!has(self.tablesInSchema) && has(self.table))',
              message: 'tablesInSchema and table are mutually exclusive',
            },
          ],
        },
      ),
      'Tables and schemas.',
      {
        maxItems: 100_000,
        rules: [
          {
            rule: '!(self.exists(o, has(o.table) && has(o.table.columns)) && self.exists(o, has(o.tablesInSchema)))',
            message: 'specifying a column list when the publication also publishes tablesInSchema is not supported',
          },
        ],
      },
    ),
  },
  {
    rules: [
      {
        rule: '(has(self.allTables) && !has(self.objects)) || (!has(self.allTables) && has(self.objects))',
        message: 'allTables and objects are mutually exclusive',
      },
    ],
  },
);

export const publication: Kind = {
  kind: 'Publication',
  plural: 'publications',
  namespaced: true,
  description: 'A publication of logical replication.',
  spec: object('PublicationSpec', 'What the publication is to be.', {
    cluster: clusterField,
    name: fixedName('Name of the publication; it cannot change.'),
    dbname: fixedName('Database of the publication; it cannot change.', 'dbname'),
    parameters: textMap('Parameters of CREATE PUBLICATION.'),
    target: required(target),
    publicationReclaimPolicy: reclaimPolicy,
  }),
  status: object('PublicationStatus', 'What was observed of the publication.', appliedStatusFields),
  columns: appliedColumns,
};
