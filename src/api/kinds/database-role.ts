import type { Kind } from '../schema/kind.ts';
import { choice, flag, object, required, text } from '../schema/schema.ts';
import { appliedColumns, appliedStatusFields, clusterField, reclaimPolicy } from './applied.ts';
import { conditions } from './common.ts';
import { roleFields } from './role.ts';

const spec = object(
  'DatabaseRoleSpec',
  'What the role is to be.',
  {
    cluster: clusterField,
    ...roleFields,
    name: required(
      text('Name of the role; it cannot change.', {
        rules: [
          { rule: 'self == oldSelf', message: 'name is immutable' },
          { rule: "self != ''", message: 'name must not be empty' },
          {
            rule: "self != 'postgres' && self != 'streaming_replica'",
            message: 'the names postgres and streaming_replica are reserved',
          },
          {
            rule: "!self.startsWith('pg_') && !self.startsWith('cnpg_')",
            message: 'names that begin with pg_ or cnpg_ are reserved',
          },
        ],
      }),
    ),
    ensure: choice(['present', 'absent'], 'Must be present: delete this object to drop the role.', {
      default: 'present',
      rules: [{ rule: "self != 'absent'", message: 'ensure: absent is not allowed; delete the DatabaseRole instead' }],
    }),
    databaseRoleReclaimPolicy: reclaimPolicy,
    clientCertificate: object('ClientCertificate', 'A client certificate for the role.', {
      enabled: flag('A certificate is issued, signed by the CA of the clients.', { default: true }),
    }),
  },
  {
    rules: [
      {
        rule: '!(has(self.passwordSecret) && has(self.disablePassword) && self.disablePassword)',
        message: 'passwordSecret and disablePassword are mutually exclusive',
      },
      {
        rule: '!has(self.clientCertificate) || !self.clientCertificate.enabled || (has(self.login) && self.login)',
        message: 'clientCertificate needs login',
      },
    ],
  },
);

export const databaseRole: Kind = {
  kind: 'DatabaseRole',
  plural: 'databaseroles',
  namespaced: true,
  description: 'A role of a cluster.',
  spec,
  status: object('DatabaseRoleStatus', 'What was observed of the role.', {
    ...appliedStatusFields,
    secretResourceVersion: text('Version of the Secret that the password was taken from.'),
    clientCertificate: object('ClientCertificateStatus', 'State of the client certificate.', {
      expiration: text('When it expires.'),
      message: text('What went wrong.'),
    }),
    conditions,
  }),
  columns: appliedColumns,
};
