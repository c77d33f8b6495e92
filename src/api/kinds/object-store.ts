import { barmanPluginGroup } from '../../naming.ts';
import { ageColumn, type Kind } from '../schema/kind.ts';
import { as, integer, kubernetes, list, map, object, required, text, texts, time } from '../schema/schema.ts';
import { barmanObjectStore } from './barman.ts';

const sidecar = object('InstanceSidecarConfiguration', 'How the archive is looked after; there is no sidecar.', {
  env: list(kubernetes('V1EnvVar', 'A variable.'), 'Variables of the environment of the sidecar.'),
  retentionPolicyIntervalSeconds: integer('Seconds between two runs of retention.', { default: 1800, minimum: 1 }),
  resources: kubernetes('V1ResourceRequirements', 'Resources of the sidecar.'),
  logLevel: text('Log level of the sidecar.'),
  additionalContainerArgs: texts('Further arguments of the sidecar.'),
});

/** The store of the plugin that CloudNativePG moves its users to. */
export const objectStore: Kind = {
  group: barmanPluginGroup,
  kind: 'ObjectStore',
  plural: 'objectstores',
  namespaced: true,
  description: 'An object store for backups and WAL of the clusters whose plugin entry names it.',
  spec: object('ObjectStoreSpec', 'Where the store is, and how long backups are kept.', {
    configuration: required(
      as(barmanObjectStore, 'Where and how base backups and WAL are kept.', {
        deprecated: false,
        rules: [
          {
            rule: '!has(self.serverName)',
            message: "use the 'serverName' plugin parameter in the Cluster resource",
          },
        ],
      }),
    ),
    retentionPolicy: text('How long backups are kept: a number of days, weeks or months, such as 30d.', {
      pattern: '^[1-9][0-9]*[dwm]$',
    }),
    instanceSidecarConfiguration: sidecar,
  }),
  status: object('ObjectStoreStatus', 'What was observed of the store; the primaries write it.', {
    serverRecoveryWindow: map(
      object('RecoveryWindow', 'What a restore of a server can reach.', {
        firstRecoverabilityPoint: time('The earliest time that a restore can reach.'),
        lastSuccessfulBackupTime: time('When the last good backup ended.'),
        lastFailedBackupTime: time('When the last backup failed.'),
      }),
      'What can be restored, by server name.',
    ),
  }),
  columns: [ageColumn],
};
