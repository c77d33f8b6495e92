// Roles and services that the operator manages inside and around the cluster.
import { as, choice, list, object, required } from '../../schema/schema.ts';
import { serviceTemplate } from '../common.ts';
import { roleFields } from '../role.ts';

const selectorType = choice(['rw', 'r', 'ro'], 'Which instances: the primary (rw), any (r) or replicas (ro).');

const services = object('ManagedServices', 'Services of the cluster.', {
  disabledDefaultServices: list(selectorType, 'Default services that are left out; rw cannot be.'),
  additional: list(
    object('ManagedService', 'A further service.', {
      selectorType: required(selectorType),
      updateStrategy: choice(['patch', 'replace'], 'Whether a changed service is patched or made anew.', {
        default: 'patch',
      }),
      serviceTemplate: required(as(serviceTemplate, 'Template of the service.')),
    }),
    'Further services.',
  ),
});

export const managed = object('ManagedConfiguration', 'What the operator manages for the applications.', {
  roles: list(object('RoleConfiguration', 'A role.', roleFields), 'Roles of the database.'),
  services,
});
