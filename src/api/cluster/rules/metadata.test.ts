import { expect, test } from '@jest/globals';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

test.each([
  ['a plain name', 'example-1', []],
  [
    'capital letters',
    'Example',
    ['metadata.name: "Example": must be lower-case letters, digits and -, begin with a letter and not end with -'],
  ],
  ['a digit first', '1st', [expect.stringContaining('begin with a letter')]],
  ['50 characters', 'a'.repeat(50), []],
  ['51 characters', 'a'.repeat(51), [expect.stringContaining('must have at most 50 characters')]],
])('%s', (_name, name, expected) => {
  const cluster = aCluster();
  expect(errorsOf(validateCluster({ ...cluster, metadata: { ...cluster.metadata, name } }))).toEqual(expected);
});

test.each([
  ['hibernation on', { 'cnpg.io/hibernation': 'on' }, []],
  [
    'hibernation otherwise',
    { 'cnpg.io/hibernation': 'yes' },
    ['metadata.annotations[cnpg.io/hibernation]: "yes": must be on or off'],
  ],
  [
    'a quorum that is neither',
    { 'alpha.cnpg.io/failoverQuorum': '1' },
    ['metadata.annotations[alpha.cnpg.io/failoverQuorum]: "1": must be true or false'],
  ],
  ['a patch', { 'cnpg.io/podPatch': '[]' }, []],
  [
    'a patch that is an object',
    { 'cnpg.io/podPatch': '{}' },
    ['metadata.annotations[cnpg.io/podPatch]: "{}": must be a JSON array'],
  ],
  [
    'a pinger that is no JSON',
    { 'alpha.cnpg.io/livenessPinger': 'on' },
    ['metadata.annotations[alpha.cnpg.io/livenessPinger]: "on": must be a JSON object'],
  ],
  ...['["c-1","c-2"]', '["*"]', '[]', ''].map((names): [string, Record<string, string>, unknown[]] => [
    `those fenced: ${names}`,
    { 'cnpg.io/fencedInstances': names },
    [],
  ]),
  ...['c-1', '{"c-1":1}', '[1]', '[""]', 'null'].map((names): [string, Record<string, string>, unknown[]] => [
    `nobody can tell who is fenced: ${names}`,
    { 'cnpg.io/fencedInstances': names },
    [
      `metadata.annotations[cnpg.io/fencedInstances]: ${JSON.stringify(names)}: must be a JSON array of names of instances, or ["*"] for all`,
    ],
  ]),
  ['the operator is to look away', { 'cnpg.io/reconciliationLoop': 'disabled' }, []],
  [
    'a loop that is neither',
    { 'cnpg.io/reconciliationLoop': 'off' },
    ['metadata.annotations[cnpg.io/reconciliationLoop]: "off": must be disabled or enabled'],
  ],
  [
    'three wishes with other words',
    {
      'cnpg.io/reconcilePodSpec': 'no',
      'cnpg.io/skipWalArchiving': 'true',
      'cnpg.io/skipEmptyWalArchiveCheck': 'yes',
    },
    [
      'metadata.annotations[cnpg.io/reconcilePodSpec]: "no": must be disabled or enabled',
      'metadata.annotations[cnpg.io/skipWalArchiving]: "true": must be enabled or disabled',
      'metadata.annotations[cnpg.io/skipEmptyWalArchiveCheck]: "yes": must be enabled or disabled',
    ],
  ],
])('%s', (_name, annotations, expected) => {
  expect(errorsOf(validateCluster(aCluster({}, annotations)))).toEqual(expected);
});

test.each(['cnpg.io/coredumpFilter', 'cnpg.io/forceLegacyBackup', 'alpha.cnpg.io/enableInstancePprof'])(
  'nothing acts on %s, so it is refused',
  (key) => {
    expect(validateCluster(aCluster({}, { [key]: 'true' })).errors).toEqual([
      {
        field: `metadata.annotations[${key}]`,
        value: 'true',
        message: 'not supported by this version of Howdah; leave it out',
      },
    ]);
  },
);

test('validation can be disabled, and says so', () => {
  const cluster = aCluster({ instances: 0, failoverDelay: 5 }, { 'cnpg.io/validation': 'disabled' });
  expect(validateCluster(cluster)).toEqual({
    errors: [],
    warnings: ['validation is disabled by the annotation cnpg.io/validation'],
  });
});

test('any other word there is a warning, and the cluster is validated', () => {
  const { errors, warnings } = validateCluster(aCluster({ instances: 0 }, { 'cnpg.io/validation': 'off' }));
  expect(errors).not.toEqual([]);
  expect(warnings).toContain(
    'annotation cnpg.io/validation: off is neither enabled nor disabled; the object is validated',
  );
});
