import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../model/errors.ts';
import type { User } from '../model/types.ts';
import { denial, type Attributes, type Rbac } from './rbac.ts';

const groupsOf = (value: string | string[] | undefined): string[] =>
  [value ?? []]
    .flat()
    .flatMap((item) => item.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '');

function implied(name: string): string[] {
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name);
  return account ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`] : [];
}

/** The user that a request is made as (`kubectl --as`), when its maker may do that. */
export function impersonated(user: User, headers: IncomingHttpHeaders, rbac: Rbac): User {
  const name = headers['impersonate-user'];
  if (typeof name !== 'string' || name === '') return user;
  const asked = groupsOf(headers['impersonate-group']);
  const base = { user, verb: 'impersonate', isResource: true, group: '', subresource: '', namespace: '', path: '' };
  const wanted: Attributes[] = [
    { ...base, plural: 'users', name },
    ...asked.map((group) => ({ ...base, plural: 'groups', name: group })),
  ];
  const refused = wanted.find((attributes) => !rbac.allows(attributes));
  if (refused) throw new ApiError(403, 'Forbidden', denial(refused));
  const known = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  return { name, groups: [...new Set([...asked, ...implied(name), known])] };
}
