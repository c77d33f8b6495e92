import { as, flag, list, object, required, text } from '../../schema/schema.ts';
import { storageConfiguration } from '../common.ts';

const tablespace = object('TablespaceConfiguration', 'A tablespace on a volume of its own.', {
  name: required(text('Name of the tablespace.')),
  storage: required(as(storageConfiguration, 'Storage of the tablespace.')),
  owner: object(
    'DatabaseRoleRef',
    'The role that owns the tablespace; default: the owner of the application database.',
    {
      name: text('Name of the role.'),
    },
  ),
  temporary: flag('The tablespace is for temporary objects.', { default: false }),
});

export const storageFields = {
  storage: as(storageConfiguration, 'Storage of PGDATA.'),
  walStorage: as(storageConfiguration, 'Storage of WAL, apart from PGDATA; it may be added later but not removed.'),
  tablespaces: list(tablespace, 'Tablespaces; they may be added later but not removed.', { keys: ['name'] }),
} as const;
