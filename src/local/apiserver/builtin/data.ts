import { fieldForbidden, invalidValue, required, type Cause } from '../model/errors.ts';
import { equal } from '../model/equal.ts';
import type { Loose, Obj } from '../model/types.ts';
import { defaults } from './pod-spec.ts';
import type { KindRules } from './kind-rules.ts';

function immutableCauses(object: Obj, current: Obj | undefined): Cause[] {
  if (!current?.['immutable']) return [];
  const why = 'field is immutable when `immutable` is set';
  const causes: Cause[] = [];
  if (!object['immutable']) causes.push(fieldForbidden('immutable', why));
  for (const field of ['data', 'binaryData']) {
    if (!equal(object[field], current[field])) causes.push(fieldForbidden(field, why));
  }
  return causes;
}

const keyPattern = /^[-._a-zA-Z0-9]+$/;

function dataCauses(object: Obj): Cause[] {
  const data = Object.entries((object['data'] ?? {}) as Record<string, unknown>);
  const causes = data
    .filter(([key]) => !keyPattern.test(key))
    .map(([key]) =>
      invalidValue(`data[${key}]`, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"),
    );
  const size = data.reduce((sum, [, value]) => sum + String(value).length, 0);
  if (size > 1.4 * 1024 * 1024) {
    causes.push({ reason: 'FieldValueTooLong', message: 'Too long: may not be more than 1048576 bytes', field: '' });
  }
  return causes;
}

export const configMapRules: KindRules = {
  validate: (object, current) => [...dataCauses(object), ...immutableCauses(object, current)],
};

const neededKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
};
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const secretRules: KindRules = {
  fill(secret) {
    defaults(secret, { type: 'Opaque' });
    if (!secret.stringData) return;
    secret.data ??= {};
    for (const [key, value] of Object.entries(secret.stringData))
      secret.data[key] = Buffer.from(String(value)).toString('base64');
    delete secret.stringData;
  },
  validate(secret, current) {
    const causes = dataCauses(secret);
    const data = (secret['data'] ?? {}) as Record<string, Loose>;
    for (const [key, value] of Object.entries(data)) {
      if (!base64.test(value.replace(/\s/g, ''))) {
        causes.push({
          reason: 'FieldValueInvalid',
          message: 'Invalid value: "<redacted>": must be base64',
          field: `data[${key}]`,
        });
      }
    }
    for (const key of neededKeys[secret['type']] ?? [])
      if (data[key] === undefined) causes.push(required(`data[${key}]`));
    if (current && current['type'] !== secret['type'])
      causes.push(invalidValue('type', secret['type'], 'field is immutable'));
    return [...causes, ...immutableCauses(secret, current)];
  },
};
