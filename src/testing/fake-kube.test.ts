import { expect, test } from '@jest/globals';
import { createKubeClient } from '../kube/client.ts';
import { isConflict } from '../kube/errors.ts';
import { resource } from '../kube/resource-types.ts';
import type { KubeObject } from '../kube/types.ts';
import { fakeKube } from './fake-kube.ts';

type Noted = KubeObject & { status?: Record<string, string> };
const key = { namespace: 'default', name: 'c' };

test('what was read before another change came does not replace it, and a patch loses nothing', async () => {
  await using kube = await fakeKube();
  kube.put('clusters', { metadata: { ...key } });
  await using api = createKubeClient({ server: kube.url, ca: kube.ca });
  const read = await api.get<Noted>(resource.clusters, key);
  await api.patchStatus(resource.clusters, key, { status: { a: '1' } });
  const late = api.replaceStatus<Noted>(resource.clusters, { ...read, metadata: read?.metadata ?? {}, status: {} });
  expect(await late.then(() => 'replaced', isConflict)).toBe(true);
  const again = await api.get<Noted>(resource.clusters, key);
  await api.replaceStatus<Noted>(resource.clusters, { ...again, status: { ...again?.status, b: '2' } });
  expect(kube.get<Noted>('clusters', 'default', 'c')?.status).toEqual({ a: '1', b: '2' });
});
