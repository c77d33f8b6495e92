import type { Kind } from '../schema/kind.ts';
import { object, required, text, textMap } from '../schema/schema.ts';
import { appliedColumns, appliedStatusFields, clusterField, fixedName, reclaimPolicy } from './applied.ts';

export const subscription: Kind = {
  kind: 'Subscription',
  plural: 'subscriptions',
  namespaced: true,
  description: 'A subscription of logical replication.',
  spec: object('SubscriptionSpec', 'What the subscription is to be.', {
    cluster: clusterField,
    name: fixedName('Name of the subscription; it cannot change.'),
    dbname: fixedName('Database of the subscription; it cannot change.', 'dbname'),
    parameters: textMap('Parameters of CREATE SUBSCRIPTION.'),
    publicationName: required(text('Name of the publication.')),
    publicationDBName: text('Database of the publication; default: that of the external cluster.'),
    externalClusterName: required(text('Name of the entry of externalClusters that publishes.')),
    subscriptionReclaimPolicy: reclaimPolicy,
  }),
  status: object('SubscriptionStatus', 'What was observed of the subscription.', appliedStatusFields),
  columns: appliedColumns,
};
