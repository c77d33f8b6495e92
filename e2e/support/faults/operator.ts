import type { Deployment, Pod } from '../../../src/kube/objects.ts';
import { resource } from '../../../src/kube/resource-types.ts';
import { operatorDeployment, operatorNamespace } from '../../../src/naming.ts';
import type { Platform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { type Fault, fault } from './fault.ts';

const key = { namespace: operatorNamespace, name: operatorDeployment };

/** No operator runs until it is repaired. */
export async function operatorAway({ api }: Platform): Promise<Fault> {
  await api.patch<Deployment>(resource.deployments, key, { spec: { replicas: 0 } });
  const away = fault(() => api.patch(resource.deployments, key, { spec: { replicas: 1 } }));
  await waitFor('the operator to be gone', async () => {
    const { items } = await api.list<Pod>(resource.pods, { namespace: operatorNamespace });
    return items.length === 0 ? true : undefined;
  });
  return away;
}
