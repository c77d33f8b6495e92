import { expect, test } from '@jest/globals';
import type { KubeApi } from '../../kube/port.ts';
import type { ObjectKey, ResourceType } from '../../kube/types.ts';
import { jobRole } from '../../labels.ts';
import { createJob } from './create.ts';
import type { Scope } from './scope.ts';

/** An API server whose claims of `mode` are bound when they have been looked at so often. */
async function looksBeforeTheJob(mode: string | undefined, boundAfter: number): Promise<number> {
  let looks = 0;
  let before: number | undefined;
  const get = ({ plural }: ResourceType, { name }: ObjectKey): Promise<unknown> => {
    if (plural === 'storageclasses') return Promise.resolve(mode && { metadata: { name }, volumeBindingMode: mode });
    looks += 1;
    return Promise.resolve({
      spec: { storageClassName: 'fast' },
      status: { phase: looks > boundAfter ? 'Bound' : 'Pending' },
    });
  };
  const create = (): Promise<object> => {
    before = looks;
    return Promise.resolve({});
  };
  const scope = {
    api: { get, create } as unknown as KubeApi,
    ...{ namespace: 'db', name: 'c', signal: AbortSignal.timeout(30_000), emit: () => undefined },
    cluster: { metadata: { name: 'c', namespace: 'db', uid: 'u' }, spec: { instances: 1, storage: { size: '1Gi' } } },
    configuration: { inheritedLabels: [], inheritedAnnotations: [], operatorImage: 'i', postgresImage: 'p:18' },
  } as unknown as Scope;
  await createJob(scope, 1, jobRole.initdb);
  return before ?? Number.NaN;
}

test.each<[string, string | undefined, number, number]>([
  ['binds at once and takes a moment', 'Immediate', 3, 4],
  ['has bound it', 'Immediate', 0, 1],
  ['binds it with the pod', 'WaitForFirstConsumer', Infinity, 1],
  ['does not exist', undefined, Infinity, 1],
])('a Job is made when its claim is bound, or will be by its pod: the class %s', async (_, mode, boundAfter, looks) => {
  expect(await looksBeforeTheJob(mode, boundAfter)).toBe(looks);
});

test('a claim that nothing binds holds no Job up: people see in the pod what it waits for', async () => {
  expect(await looksBeforeTheJob('Immediate', Infinity)).toBeGreaterThan(1);
});
