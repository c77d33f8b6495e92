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

export function parseConfiguration(values: Values, version: string): OperatorConfiguration {
  return {
    namespace: orElse(values['OPERATOR_NAMESPACE'], operatorNamespace),
    watchNamespaces: list(values['WATCH_NAMESPACE']),
    operatorImage: orElse(values['OPERATOR_IMAGE_NAME'], 'localhost/howdah:dev'),
    postgresImage: orElse(values['POSTGRES_IMAGE_NAME'], defaultImageName),
    operatorVersion: version,
    clusterDomain: orElse(values['KUBERNETES_CLUSTER_DOMAIN'], 'cluster.local'),
    standbyTcpUserTimeoutMs: positive(values, 'STANDBY_TCP_USER_TIMEOUT', 5000),
    inheritedLabels: list(values['INHERITED_LABELS']),
    inheritedAnnotations: list(values['INHERITED_ANNOTATIONS']),
    certificateDays: positive(values, 'CERTIFICATE_DURATION', 90),
    expiringThresholdDays: positive(values, 'EXPIRING_CHECK_THRESHOLD', 7),
    manageWebhooks: flag(values, 'MANAGE_WEBHOOK_CONFIGURATIONS', true),
    bind: orElse(values['HOWDAH_BIND'], '0.0.0.0'),
    drainTaints: list(orElse(values['DRAIN_TAINTS'], defaultDrainTaints)),
    podName: orElse(values['POD_NAME'], `operator-${process.pid}`),
  };
}

/** Environment, then the ConfigMap, then the Secret: the later wins. */
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
  return parseConfiguration({ ...env, ...configMap?.data, ...fromSecret }, version);
}
