import { parseQuantity } from '../../../api/validation/quantity.ts';
import type { Pod } from './types.ts';
import { allContainers } from './types.ts';

export interface NodeFacts {
  readonly name: string;
  readonly address: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

export interface PodFacts {
  readonly pod: Pod;
  readonly podIp: string;
  readonly node: NodeFacts;
}

const quoted = (entries: Readonly<Record<string, string>> = {}): string =>
  Object.entries(entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/** The value of a fieldRef; undefined for a path that Kubernetes does not know either. */
export function fieldValue({ pod, podIp, node }: PodFacts, path: string): string | undefined {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) return metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  const values: Readonly<Record<string, string>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'metadata.labels': quoted(metadata.labels),
    'metadata.annotations': quoted(metadata.annotations),
    'spec.nodeName': node.name,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.hostIP': node.address,
    'status.hostIPs': node.address,
    'status.podIP': podIp,
    'status.podIPs': podIp,
  };
  return values[path];
}

/** The value of a resourceFieldRef, in units of its divisor, rounded up. Without a limit it is what the node has. */
export function resourceValue(
  { pod, node }: PodFacts,
  ref: { readonly containerName?: string; readonly resource: string; readonly divisor?: string },
  containerName: string,
): string | undefined {
  const container = allContainers(pod.spec).find(({ name }) => name === (ref.containerName ?? containerName));
  const [kind, resource = ''] = ref.resource.split(/\.(.*)/s);
  if (!container || (kind !== 'limits' && kind !== 'requests')) return undefined;
  const whole: Readonly<Record<string, number>> = {
    cpu: node.cpus,
    memory: node.memoryBytes,
    'ephemeral-storage': node.diskBytes,
  };
  const asked = container.resources?.[kind]?.[resource];
  const amount = asked === undefined ? (kind === 'limits' ? whole[resource] : 0) : parseQuantity(asked);
  const divisor = parseQuantity(ref.divisor ?? '1') || 1;
  return amount === undefined ? undefined : String(Math.ceil(amount / divisor));
}
