// PostgreSQL's configuration, and replication.
import {
  as,
  choice,
  flag,
  integer,
  kubernetes,
  list,
  object,
  required,
  text,
  textMap,
  texts,
} from '../../schema/schema.ts';
import { extensionConfiguration, secretKeySelector } from '../common.ts';

const syncReplicaElectionConstraint = object(
  'SyncReplicaElectionConstraints',
  'Which instances may be synchronous replicas (with minSyncReplicas and maxSyncReplicas).',
  {
    enabled: required(flag('The constraint is in force.')),
    nodeLabelsAntiAffinity: texts('Node labels in which a synchronous replica must differ from the primary.'),
  },
  { deprecated: true },
);

const synchronous = object(
  'SynchronousReplicaConfiguration',
  'Synchronous replication.',
  {
    method: required(choice(['any', 'first'], 'Quorum (any) or priority (first).')),
    number: required(
      integer('Number of standbys that a commit waits for.', {
        rules: [{ rule: 'self > 0', message: 'The number of synchronous replicas should be greater than zero' }],
      }),
    ),
    dataDurability: choice(
      ['required', 'preferred'],
      'Whether commits wait when too few standbys are there (required, the default), or not (preferred).',
    ),
    failoverQuorum: flag('A failover needs proof that the new primary has every committed transaction.'),
    maxStandbyNamesFromCluster: integer('Most instances of this cluster that are listed as synchronous.'),
    standbyNamesPre: texts('Application names that are listed before the instances.'),
    standbyNamesPost: texts('Application names that are listed after the instances.'),
    podFailureDomainKeys: texts('Pod labels in which a synchronous standby must differ from the primary.'),
    nodeFailureDomainKeys: texts('Node labels in which a synchronous standby must differ from the primary.'),
  },
  {
    rules: [
      {
        rule: "!(has(self.dataDurability) && self.dataDurability == 'preferred' && has(self.standbyNamesPre) && size(self.standbyNamesPre) > 0)",
        message: "standbyNamesPre must be empty when dataDurability is set to 'preferred'",
      },
      {
        rule: "!(has(self.dataDurability) && self.dataDurability == 'preferred' && has(self.standbyNamesPost) && size(self.standbyNamesPost) > 0)",
        message: "standbyNamesPost must be empty when dataDurability is set to 'preferred'",
      },
      {
        rule: '!(has(self.podFailureDomainKeys) && size(self.podFailureDomainKeys) > 0 && has(self.nodeFailureDomainKeys) && size(self.nodeFailureDomainKeys) > 0)',
        message: 'podFailureDomainKeys and nodeFailureDomainKeys are mutually exclusive',
      },
    ],
  },
);

const ldap = object('LDAPConfig', 'Authentication against LDAP.', {
  server: text('Host name of the LDAP server.'),
  port: integer('Port of the LDAP server.'),
  scheme: choice(['ldap', 'ldaps'], 'How the server is spoken to.'),
  tls: flag('Uses StartTLS.'),
  bindAsAuth: object('LDAPBindAsAuth', 'Simple bind: the name of the user, with prefix and suffix.', {
    prefix: text('What is put before the name.'),
    suffix: text('What is put after the name.'),
  }),
  bindSearchAuth: object('LDAPBindSearchAuth', 'Search and bind.', {
    baseDN: text('Root of the search.'),
    bindDN: text('Who searches.'),
    bindPassword: as(secretKeySelector, 'Password of who searches.'),
    searchAttribute: text('Attribute that is matched against the name of the user.'),
    searchFilter: text('Filter of the search.'),
  }),
});

export const postgresConfiguration = object(
  'PostgresConfiguration',
  "PostgreSQL's configuration.",
  {
    parameters: textMap('Parameters of postgresql.conf; those that the operator owns are refused.'),
    pg_hba: texts(
      'Lines of pg_hba.conf, between our own and the last one; ${podselector:NAME} stands for pod addresses.',
    ),
    pg_ident: texts('Lines of pg_ident.conf, after our own.'),
    shared_preload_libraries: texts('Libraries that are loaded at server start, beside those we need.'),
    enableAlterSystem: flag('ALTER SYSTEM is allowed.', { default: false }),
    promotionTimeout: integer('Seconds that a promotion may take; default: 40000000.', { format: 'int32' }),
    syncReplicaElectionConstraint,
    synchronous,
    ldap,
    extensions: list(extensionConfiguration, 'Extensions that are image volumes.', { keys: ['name'] }),
  },
  {
    rules: [
      {
        rule: '!(has(self.syncReplicaElectionConstraint) && self.syncReplicaElectionConstraint.enabled && has(self.synchronous) && ((has(self.synchronous.podFailureDomainKeys) && size(self.synchronous.podFailureDomainKeys) > 0) || (has(self.synchronous.nodeFailureDomainKeys) && size(self.synchronous.nodeFailureDomainKeys) > 0)))',
        message: 'syncReplicaElectionConstraint and the failure domain keys of synchronous are mutually exclusive',
      },
    ],
  },
);

const highAvailability = object(
  'ReplicationSlotsHAConfiguration',
  'Physical replication slots of the instances.',
  {
    enabled: flag('The primary keeps a slot for every other instance.', { default: true }),
    slotPrefix: text('Prefix of the names of the slots.', { default: '_cnpg_', pattern: '^[0-9a-z_]*$' }),
    synchronizeLogicalDecoding: flag('Logical slots are kept in step on the standbys.'),
  },
  { default: { enabled: true } },
);

export const replicationSlots = object(
  'ReplicationSlotsConfiguration',
  'Replication slots.',
  {
    highAvailability,
    synchronizeReplicas: object(
      'SynchronizeReplicasConfiguration',
      'Copies of user-made physical slots on the standbys.',
      {
        enabled: required(flag('The slots of the primary are copied.', { default: true })),
        excludePatterns: texts('Regular expressions of the names of slots that are not copied.'),
      },
    ),
    updateInterval: integer('Seconds between two updates of the slots on a standby.', { default: 30, minimum: 1 }),
  },
  { default: { highAvailability: { enabled: true } } },
);

export const podSelectorRefs = list(
  object('PodSelectorRef', 'A named selector of pods.', {
    name: required(text('Name, for ${podselector:NAME} in pg_hba.', { pattern: '^[a-z]([a-z0-9_-]*[a-z0-9])?$' })),
    selector: required(kubernetes('V1LabelSelector', 'Labels of the pods.')),
  }),
  'Selectors of pods whose addresses pg_hba may refer to.',
  { keys: ['name'] },
);
