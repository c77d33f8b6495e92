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
])('%s', (_name, annotations, expected) => {
  expect(errorsOf(validateCluster(aCluster({}, annotations)))).toEqual(expected);
});

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
