import type { BarmanObjectStoreConfiguration } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

const clouds = ['s3Credentials', 'azureCredentials', 'googleCredentials'] as const;

/** A place for backups: reachable, and with the credentials of exactly one cloud. */
export function* barmanRules(field: string, store: BarmanObjectStoreConfiguration): Generator<FieldError> {
  const used = clouds.filter((cloud) => store[cloud]);
  if (used.length !== 1) {
    yield fieldError(field, used, `must have exactly one of ${clouds.join(', ')}`);
  }
  if (store.s3Credentials && !/^s3:\/\/[^/]+(\/.*)?$/.test(store.destinationPath)) {
    yield fieldError(`${field}.destinationPath`, store.destinationPath, 'must be of the form s3://bucket/path');
  }
  yield* endpointRules(`${field}.endpointURL`, store.endpointURL);
  if (store.serverName !== undefined && (store.serverName === '' || store.serverName.includes('/'))) {
    yield fieldError(`${field}.serverName`, store.serverName, 'must be a name without /');
  }
  yield* selectorRules(`${field}.endpointCA`, store.endpointCA);
  if (store.s3Credentials) yield* s3Rules(`${field}.s3Credentials`, store.s3Credentials);
  if (store.azureCredentials) yield* azureRules(`${field}.azureCredentials`, store.azureCredentials);
}

function* endpointRules(field: string, address: string | undefined): Generator<FieldError> {
  if (address === undefined || address === '') return;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    yield fieldError(field, undefined, 'must be a URL that begins with http:// or https://');
  } else if (url.username !== '' || url.password !== '') {
    yield fieldError(field, undefined, 'must not hold credentials; they belong into a Secret');
  }
}

interface Selector {
  readonly name: string;
  readonly key: string;
}

function* selectorRules(field: string, selector: Selector | undefined): Generator<FieldError> {
  if (selector?.name === '') yield fieldError(`${field}.name`, '', 'must not be empty');
  if (selector?.key === '') yield fieldError(`${field}.key`, '', 'must not be empty');
}

type S3 = NonNullable<BarmanObjectStoreConfiguration['s3Credentials']>;

function* s3Rules(field: string, credentials: S3): Generator<FieldError> {
  const keys = ['accessKeyId', 'secretAccessKey'] as const;
  if (credentials.inheritFromIAMRole) {
    for (const key of [...keys, 'sessionToken'] as const) {
      if (credentials[key])
        yield fieldError(`${field}.${key}`, undefined, 'cannot go together with inheritFromIAMRole');
    }
    return;
  }
  for (const key of keys) {
    if (!credentials[key]) yield fieldError(`${field}.${key}`, undefined, 'must be set, unless inheritFromIAMRole is');
  }
  for (const key of [...keys, 'region', 'sessionToken'] as const)
    yield* selectorRules(`${field}.${key}`, credentials[key]);
}

type Azure = NonNullable<BarmanObjectStoreConfiguration['azureCredentials']>;

function* azureRules(field: string, credentials: Azure): Generator<FieldError> {
  const inherited = credentials.inheritFromAzureAD || credentials.useDefaultAzureCredentials;
  const secrets = (['storageKey', 'storageSasToken'] as const).filter((name) => credentials[name]);
  if (credentials.connectionString || inherited) {
    if (secrets.length > 0)
      yield fieldError(field, secrets, 'cannot go together with connectionString or an inherited identity');
  } else if (!credentials.storageAccount || secrets.length !== 1) {
    const message =
      'must have storageAccount and one of storageKey and storageSasToken, or connectionString, or an inherited identity';
    yield fieldError(field, secrets, message);
  }
}
