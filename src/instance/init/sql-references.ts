import type { SQLRefs } from '../../api/generated/cluster.ts';
import type { ConfigMap, Secret } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { secretValue } from '../cluster/secret-source.ts';

/** The texts behind SQL references, Secrets first, each list in its order (reference §2.3). */
export async function resolveSql(
  kube: Pick<KubeApi, 'get'>,
  namespace: string,
  references: SQLRefs | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const texts: string[] = [];
  for (const { name, key } of references?.secretRefs ?? []) {
    const secret = await kube.get<Secret>(resource.secrets, { namespace, name }, { signal });
    const text = secretValue(secret, key);
    if (text === undefined) throw new Error(`Secret "${name}" ${secret ? `has no key "${key}"` : 'does not exist'}`);
    texts.push(text);
  }
  for (const { name, key } of references?.configMapRefs ?? []) {
    const map = await kube.get<ConfigMap>(resource.configMaps, { namespace, name }, { signal });
    const text = map?.data?.[key];
    if (text === undefined) throw new Error(`ConfigMap "${name}" ${map ? `has no key "${key}"` : 'does not exist'}`);
    texts.push(text);
  }
  return texts;
}
