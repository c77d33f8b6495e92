import { ageColumn, type Kind } from '../schema/kind.ts';
import { integer, object, text, texts } from '../schema/schema.ts';

export const failoverQuorum: Kind = {
  kind: 'FailoverQuorum',
  plural: 'failoverquorums',
  namespaced: true,
  description: 'Which standbys may have the last committed transactions; the primary writes it, a failover reads it.',
  status: object('FailoverQuorumStatus', 'The synchronous standbys in force.', {
    method: text('ANY or FIRST.'),
    standbyNames: texts('Names of the synchronous standbys.'),
    standbyNumber: integer('Number of standbys that a commit waits for.'),
    primary: text('The primary that wrote it.'),
  }),
  columns: [ageColumn],
};
