import type { ConfigMap, Secret } from '../kube/objects.ts';
import type { KubeApi } from '../kube/port.ts';
import { resource } from '../kube/resource-types.ts';
import { operatorConfig, operatorNamespace } from '../naming.ts';
import type { BuildSettings } from '../resources/model.ts';
import { defaultImageName } from '../api/cluster/image.ts';

/** Everything that the operator is told from outside (reference §2.35). Read once, at start. */
export interface OperatorConfiguration extends BuildSettings {
  readonly namespace: string;
  /** Empty: all namespaces. */
  readonly watchNamespaces: readonly string[];
  readonly certificateDays: number;
  readonly expiringThresholdDays: number;
  readonly manageWebhooks: boolean;
  /** The address that servers listen on. */
  readonly bind: string;
  /** Keys of the taints of nodes that are to lose their pods. */
  readonly drainTaints: readonly string[];
  readonly podName: string;
}

const defaultDrainTaints = [
  'node.kubernetes.io/unschedulable',
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
].join(',');

type Values = Readonly<Record<string, string | undefined>>;

/** What is acted on; `parseConfiguration` reads these and no others. */
export const settings = [
  ...['CERTIFICATE_DURATION', 'DRAIN_TAINTS', 'EXPIRING_CHECK_THRESHOLD', 'INHERITED_ANNOTATIONS', 'INHERITED_LABELS'],
  ...['KUBERNETES_CLUSTER_DOMAIN', 'MANAGE_WEBHOOK_CONFIGURATIONS', 'OPERATOR_IMAGE_NAME', 'POSTGRES_IMAGE_NAME'],
  ...['STANDBY_TCP_USER_TIMEOUT', 'WATCH_NAMESPACE', 'OPERATOR_NAMESPACE', 'POD_NAME', 'HOWDAH_BIND'],
];

/** Settings of CloudNativePG that nothing acts on here, each with the value that asks for nothing. */
export const refusedSettings: Readonly<Record<string, string>> = {
  CLUSTERS_ROLLOUT_DELAY: '0',
  INSTANCES_ROLLOUT_DELAY: '0',
  CREATE_ANY_SERVICE: 'false',
  ENABLE_INSTANCE_MANAGER_INPLACE_UPDATES: 'false',
  ENABLE_WEBHOOK_NAMESPACE_SUFFIX: 'false',
  INCLUDE_PLUGINS: '',
  METRICS_CERT_DIR: '',
  MONITORING_QUERIES_CONFIGMAP: '',
  MONITORING_QUERIES_SECRET: '',
  PGBOUNCER_IMAGE_NAME: '',
  PULL_SECRET_NAME: 'cnpg-pull-secret',
};

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function positive(values: Values, name: string, fallback: number): number {
  const text = values[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) throw new Error(`${name}: "${text}" is not a positive whole number`);
  return value;
}

function flag(values: Values, name: string, fallback: boolean): boolean {
  const text = values[name];
  if (text === undefined || text === '') return fallback;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new Error(`${name}: "${text}" is neither true nor false`);
}

const orElse = (text: string | undefined, fallback: string): string =>
  text === undefined || text === '' ? fallback : text;

function refuse(values: Values): void {
  for (const [name, nothing] of Object.entries(refusedSettings)) {
    const value = values[name];
    if (value === undefined || value === '' || value === nothing) continue;
    const allowed = nothing === '' ? 'leave it out' : `leave it out, or set it to "${nothing}"`;
    throw new Error(`${name}: "${value}" is not supported by this version of Howdah; ${allowed}`);
  }
}

/** Authorities are renewed two thresholds before their end, and sign when everybody has had a third of that life to load them. */
function certificateLife(values: Values): Pick<OperatorConfiguration, 'certificateDays' | 'expiringThresholdDays'> {
  const certificateDays = positive(values, 'CERTIFICATE_DURATION', 90);
  const expiringThresholdDays = positive(values, 'EXPIRING_CHECK_THRESHOLD', 7);
  if (certificateDays >= 3 * expiringThresholdDays) return { certificateDays, expiringThresholdDays };
  throw new Error(
    `CERTIFICATE_DURATION: "${certificateDays}" must be at least three times EXPIRING_CHECK_THRESHOLD, which is ${expiringThresholdDays}`,
  );
}

/** Throws for a value that cannot be, and for one that would have no effect. */
export function parseConfiguration(values: Values, version: string): OperatorConfiguration {
  refuse(values);
  return {
    ...certificateLife(values),
    namespace: orElse(values['OPERATOR_NAMESPACE'], operatorNamespace),
    watchNamespaces: list(values['WATCH_NAMESPACE']),
    operatorImage: orElse(values['OPERATOR_IMAGE_NAME'], 'localhost/howdah:dev'),
    postgresImage: orElse(values['POSTGRES_IMAGE_NAME'], defaultImageName),
    operatorVersion: version,
    clusterDomain: orElse(values['KUBERNETES_CLUSTER_DOMAIN'], 'cluster.local'),
    standbyTcpUserTimeoutMs: positive(values, 'STANDBY_TCP_USER_TIMEOUT', 5000),
    inheritedLabels: list(values['INHERITED_LABELS']),
    inheritedAnnotations: list(values['INHERITED_ANNOTATIONS']),
    manageWebhooks: flag(values, 'MANAGE_WEBHOOK_CONFIGURATIONS', true),
    bind: orElse(values['HOWDAH_BIND'], '0.0.0.0'),
    drainTaints: list(orElse(values['DRAIN_TAINTS'], defaultDrainTaints)),
    podName: orElse(values['POD_NAME'], `operator-${process.pid}`),
  };
}

/** Environment, then the ConfigMap, then the Secret: the later wins. What the environment has besides is not ours. */
export function mergedConfiguration(
  sources: { readonly env: Values; readonly configMap: Values; readonly secret: Values },
  version: string,
): OperatorConfiguration {
  const known = [...settings, ...Object.keys(refusedSettings)];
  for (const [kind, values] of [['ConfigMap', sources.configMap] as const, ['Secret', sources.secret] as const]) {
    const unknown = Object.keys(values).find((name) => !known.includes(name));
    if (unknown === undefined) continue;
    throw new Error(`${kind} ${operatorConfig}: there is no setting "${unknown}"; there are ${settings.join(', ')}`);
  }
  return parseConfiguration({ ...sources.env, ...sources.configMap, ...sources.secret }, version);
}

export async function readConfiguration(
  api: KubeApi,
  env: Values,
  version: string,
  signal: AbortSignal,
): Promise<OperatorConfiguration> {
  const namespace = orElse(env['OPERATOR_NAMESPACE'], operatorNamespace);
  const key = { namespace, name: operatorConfig };
  const [configMap, secret] = await Promise.all([
    api.get<ConfigMap>(resource.configMaps, key, { signal }),
    api.get<Secret>(resource.secrets, key, { signal }),
  ]);
  const fromSecret = Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]),
  );
  return mergedConfiguration({ env, configMap: configMap?.data ?? {}, secret: fromSecret }, version);
}
