// A role of PostgreSQL, as spec.managed.roles of a Cluster and a DatabaseRole describe it.
import { as, choice, flag, integer, required, text, texts, time } from '../schema/schema.ts';
import { localObjectReference } from './common.ts';

export const ensure = choice(['present', 'absent'], 'Whether the object is to exist.', { default: 'present' });

export const roleFields = {
  name: required(text('Name of the role.')),
  comment: text('Comment on the role.'),
  ensure,
  passwordSecret: as(localObjectReference, 'basic-auth Secret with the password.'),
  disablePassword: flag('The role has no password.'),
  connectionLimit: integer('Most connections of the role at once; -1: no limit.', { format: 'int64', default: -1 }),
  validUntil: time('When the password expires.'),
  inRoles: texts('Roles that this role is a member of.'),
  inherit: flag('The role has the privileges of the roles that it is a member of.', { default: true }),
  login: flag('The role may log in.'),
  superuser: flag('The role is a superuser.'),
  createdb: flag('The role may create databases.'),
  createrole: flag('The role may create roles.'),
  replication: flag('The role may replicate.'),
  bypassrls: flag('Row-level security does not apply to the role.'),
} as const;
