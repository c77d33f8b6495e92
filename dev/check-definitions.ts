import { setTimeout as sleep } from 'node:timers/promises';
import { isInvalid, KubeError } from '../src/kube/errors.ts';
import type { KubeApi } from '../src/kube/port.ts';
import { groupVersion, resource } from '../src/kube/resource-types.ts';
import type { KubeObject, ResourceType } from '../src/kube/types.ts';
import type { RuleCase } from '../src/api/testing/rule-cases.ts';

interface Definition extends KubeObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: { type: string; status: string; message: string }[] };
}

/** Installs a CustomResourceDefinition and waits until it is served; resolves to what is wrong with it. */
export async function installDefinition(kube: KubeApi, definition: Definition): Promise<string[]> {
  const { name } = definition.metadata;
  await kube.apply(resource.customResourceDefinitions, definition, { fieldManager: 'check' });
  for (let attempt = 0; attempt < 100; attempt++) {
    const now = await kube.get<Definition>(resource.customResourceDefinitions, { name });
    const conditions = now?.status?.conditions ?? [];
    const bad = conditions.find(({ type, status }) => type === 'NonStructuralSchema' && status === 'True');
    if (bad) return [`${name}: ${bad.message}`];
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return [];
    await sleep(50);
  }
  return [`${name}: not established`];
}

const typeOf = (kind: string): ResourceType => {
  const type = Object.values(resource).find((candidate) => candidate.kind === kind);
  if (!type) throw new Error(`no kind ${kind}`);
  return type;
};

/** Has the server refuse what a rule is to refuse; resolves to what it did else. The objects that are made are deleted again. */
export async function checkRule(kube: KubeApi, entry: RuleCase): Promise<string[]> {
  const type = typeOf(entry.kind);
  const key = { name: 'rule-case', ...(type.namespaced && { namespace: 'default' }) };
  const object = (spec: unknown): KubeObject => ({
    apiVersion: groupVersion(type),
    kind: entry.kind,
    metadata: key,
    ...{ spec },
  });
  const what = `${entry.kind}: ${entry.message}`;
  try {
    if (!entry.before) {
      await kube.create(type, object(entry.refused));
    } else {
      const made = await kube.create(type, object(entry.before));
      await kube.replace(type, { ...made, ...{ spec: entry.refused } });
    }
    return [`${what}: accepted`];
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return isInvalid(error) && error.message.includes(entry.message) ? [] : [`${what}: ${error.message}`];
  } finally {
    await kube.delete(type, key);
  }
}
