import { fieldValue, resourceValue, type PodFacts } from '../model/downward.ts';
import type { Container, EnvVar } from '../model/types.ts';

/** What a container cannot be started without; shown as CreateContainerConfigError and tried again. */
export class ConfigError extends Error {}

/** Data of Secrets and ConfigMaps in the pod's namespace; undefined for one that does not exist. */
export interface DataSource {
  secret(namespace: string, name: string): Promise<Readonly<Record<string, Buffer>> | undefined>;
  configMap(namespace: string, name: string): Promise<Readonly<Record<string, Buffer>> | undefined>;
}

/** `$(NAME)` becomes the value of NAME, `$$(NAME)` becomes `$(NAME)`, an unknown name stays as it is (Kubernetes API, EnvVar). */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (match, name?: string) => {
    if (match === '$$') return '$';
    return name === undefined ? match : (env[name] ?? match);
  });
}

async function keyValue(
  kind: 'secret' | 'configmap',
  data: DataSource,
  namespace: string,
  selector: { readonly name?: string; readonly key: string; readonly optional?: boolean },
): Promise<string | undefined> {
  const name = selector.name ?? '';
  const found = await (kind === 'secret' ? data.secret(namespace, name) : data.configMap(namespace, name));
  const value = found?.[selector.key]?.toString('utf8');
  if (value !== undefined || selector.optional === true) return value;
  throw new ConfigError(
    found ? `couldn't find key ${selector.key} in ${kind} ${namespace}/${name}` : `${kind} "${name}" not found`,
  );
}

async function variable(
  facts: PodFacts,
  container: Container,
  entry: EnvVar,
  soFar: Readonly<Record<string, string>>,
  data: DataSource,
): Promise<string | undefined> {
  const { namespace } = facts.pod.metadata;
  const from = entry.valueFrom;
  if (!from) return expand(entry.value ?? '', soFar);
  if (from.secretKeyRef) return keyValue('secret', data, namespace, from.secretKeyRef);
  if (from.configMapKeyRef) return keyValue('configmap', data, namespace, from.configMapKeyRef);
  const value = from.fieldRef
    ? fieldValue(facts, from.fieldRef.fieldPath)
    : from.resourceFieldRef && resourceValue(facts, from.resourceFieldRef, container.name);
  if (value === undefined) throw new ConfigError(`environment variable ${entry.name} has an unsupported source`);
  return value;
}

async function importAll(facts: PodFacts, container: Container, data: DataSource): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  const { namespace } = facts.pod.metadata;
  for (const { prefix = '', secretRef, configMapRef } of container.envFrom ?? []) {
    const ref = secretRef ?? configMapRef;
    if (!ref) continue;
    const found = await (secretRef ? data.secret(namespace, ref.name) : data.configMap(namespace, ref.name));
    if (!found && ref.optional !== true) {
      throw new ConfigError(`${secretRef ? 'secret' : 'configmap'} "${ref.name}" not found`);
    }
    for (const [key, value] of Object.entries(found ?? {})) env[prefix + key] = value.toString('utf8');
  }
  return env;
}

/** The variables that the pod's author asked for, in Kubernetes' order: envFrom, then env, each seeing those before it. */
export async function containerEnvironment(
  facts: PodFacts,
  container: Container,
  data: DataSource,
  base: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const env: Record<string, string> = { ...base, ...(await importAll(facts, container, data)) };
  for (const entry of container.env ?? []) {
    const value = await variable(facts, container, entry, env, data);
    if (value !== undefined) env[entry.name] = value;
  }
  return env;
}
