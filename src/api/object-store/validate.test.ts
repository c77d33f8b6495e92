import { expect, test } from '@jest/globals';
import type { ObjectStore, ObjectStoreSpec } from '../generated/object-store.ts';
import { formatFieldError } from '../validation/field-error.ts';
import { validateObjectStore } from './validate.ts';

const configuration = { destinationPath: 's3://backups/', s3Credentials: { inheritFromIAMRole: true } };
const aStore = (spec: Partial<ObjectStoreSpec> = {}): ObjectStore => ({
  apiVersion: 'barmancloud.cnpg.io/v1',
  kind: 'ObjectStore',
  metadata: { name: 'store', namespace: 'default' },
  spec: { configuration, ...spec },
});

test.each<[string, Partial<ObjectStoreSpec>, string[]]>([
  ['a store', { retentionPolicy: '30d', instanceSidecarConfiguration: { retentionPolicyIntervalSeconds: 60 } }, []],
  [
    'a typo',
    { retentionPolicy: '30 days' },
    ['spec.retentionPolicy: "30 days": must be a number of days, weeks or months such as 30d'],
  ],
  [
    'settings of a sidecar that is not there',
    { instanceSidecarConfiguration: { env: [{ name: 'A', value: 'b' }], logLevel: 'debug' } },
    [
      'spec.instanceSidecarConfiguration.env: not supported by this version of Howdah: the instances do the work, there is no sidecar',
      'spec.instanceSidecarConfiguration.logLevel: not supported by this version of Howdah: the instances do the work, there is no sidecar',
    ],
  ],
  [
    'a server name',
    { configuration: { ...configuration, serverName: 'x' } },
    ['spec.configuration.serverName: "x": belongs into the parameters of the plugin in the Cluster'],
  ],
  [
    'another cloud',
    { configuration: { ...configuration, destinationPath: 'gs://backups' } },
    ['spec.configuration.destinationPath: "gs://backups": must be of the form s3://bucket/path'],
  ],
])('%s', (_name, spec, errors) => {
  expect(validateObjectStore(aStore(spec)).errors.map(formatFieldError)).toEqual(errors);
});
