import type { Kind } from '../schema/kind.ts';
import { flag, immutable, integer, list, object, required, text } from '../schema/schema.ts';
import { choice } from '../schema/schema.ts';
import { appliedColumns, appliedStatusFields, clusterField, reclaimPolicy } from './applied.ts';
import { localeRules } from './common.ts';
import { ensure } from './role.ts';

const options = list(
  object('OptionSpec', 'An option.', {
    name: required(text('Name of the option.')),
    value: required(text('Value of the option.')),
    ensure,
  }),
  'Options.',
);

const usage = list(
  object('UsageSpec', 'Who may use it.', {
    name: required(text('Name of the role.')),
    type: choice(['grant', 'revoke'], 'Whether USAGE is granted or revoked.', { default: 'grant' }),
  }),
  'Roles that may use it.',
);

const schema = object('SchemaSpec', 'A schema.', {
  name: required(text('Name of the schema.')),
  ensure,
  owner: text('Role that owns the schema.'),
});

const extension = object('ExtensionSpec', 'An extension.', {
  name: required(text('Name of the extension.')),
  ensure,
  version: text('Version of the extension; default: that of its control file.'),
  schema: text('Schema that the extension is made in.'),
});

const foreignDataWrapper = object('FDWSpec', 'A foreign-data wrapper.', {
  name: required(text('Name of the wrapper.')),
  ensure,
  handler: text('Handler function; - for none.'),
  validator: text('Validator function; - for none.'),
  owner: text('Role that owns the wrapper.'),
  options,
  usage,
});

const foreignServer = object('ServerSpec', 'A foreign server.', {
  name: required(text('Name of the server.')),
  fdw: required(text('Name of its foreign-data wrapper.')),
  ensure,
  options,
  usage,
});

const fixedFields = [
  'template',
  'encoding',
  'locale',
  'localeProvider',
  'localeCollate',
  'localeCType',
  'icuLocale',
  'icuRules',
  'builtinLocale',
  'collationVersion',
] as const;

const spec = object(
  'DatabaseSpec',
  'What the database is to be.',
  {
    cluster: clusterField,
    name: required(
      text('Name of the database; it cannot change.', {
        rules: [
          { rule: 'self == oldSelf', message: 'name is immutable' },
          { rule: "self != 'postgres'", message: 'the name postgres is reserved' },
          { rule: "self != 'template0'", message: 'the name template0 is reserved' },
          { rule: "self != 'template1'", message: 'the name template1 is reserved' },
        ],
      }),
    ),
    owner: required(text('Role that owns the database.')),
    ensure,
    template: text('Database that it is copied from.'),
    encoding: text('Encoding.'),
    locale: text('Locale.'),
    localeProvider: text('Locale provider: libc, icu or builtin.'),
    localeCollate: text('LC_COLLATE.'),
    localeCType: text('LC_CTYPE.'),
    icuLocale: text('ICU locale, with the provider icu.'),
    icuRules: text('ICU collation rules, with the provider icu.'),
    builtinLocale: text('Locale of the provider builtin.'),
    collationVersion: text('Version of the collation.'),
    isTemplate: flag('The database is a template.'),
    allowConnections: flag('Connections are allowed.'),
    connectionLimit: integer('Most connections at once; -1: no limit.'),
    tablespace: text('Default tablespace.'),
    databaseReclaimPolicy: reclaimPolicy,
    schemas: list(schema, 'Schemas of the database.'),
    extensions: list(extension, 'Extensions of the database.'),
    fdws: list(foreignDataWrapper, 'Foreign-data wrappers of the database.'),
    servers: list(foreignServer, 'Foreign servers of the database.'),
  },
  {
    rules: [...fixedFields.map(immutable), ...localeRules],
  },
);

const objectStatus = object('DatabaseObjectStatus', 'State of an object of the database.', {
  name: required(text('Name of the object.')),
  applied: required(flag('The object is as the specification says.')),
  message: text('What went wrong.'),
});

export const database: Kind = {
  kind: 'Database',
  plural: 'databases',
  namespaced: true,
  description: 'A database of a cluster.',
  spec,
  status: object('DatabaseStatus', 'What was observed of the database.', {
    ...appliedStatusFields,
    schemas: list(objectStatus, 'State of the schemas.'),
    extensions: list(objectStatus, 'State of the extensions.'),
    fdws: list(objectStatus, 'State of the foreign-data wrappers.'),
    servers: list(objectStatus, 'State of the foreign servers.'),
  }),
  columns: appliedColumns,
};
