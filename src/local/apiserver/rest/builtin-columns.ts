import type { Loose, Obj } from '../model/types.ts';
import { selectorText } from '../kinds/selectors.ts';
import { age, ageColumn, humanDuration, nameColumn, text } from '../table/cells.ts';
import type { Column } from '../table/columns.ts';
import { readyCell, restartsCell, statusCell } from '../table/pod-cells.ts';

const wide = 1;
const none = '<none>';
const list = (items: Loose[] | undefined): string => (items?.length ? items.join(',') : none);
const at =
  (path: string, fallback = none) =>
  (object: Obj): string => {
    const value = path.split('.').reduce<Loose>((part, key) => part?.[key], object);
    return value === undefined || value === null || value === '' ? fallback : String(value);
  };
const count = (name: string, cell: Column['cell']): Column => ({ ...text(name, cell), type: 'integer' });
const sizeOf =
  (path: string) =>
  (object: Obj): number =>
    Object.keys(path.split('.').reduce<Loose>((part, key) => part?.[key], object) ?? {}).length;
const containers = (spec: Loose, field: string): string =>
  list((spec?.containers ?? []).map((container: Loose) => container[field]));

const template = (object: Obj): Loose => object['spec']?.template?.spec;
const workloadWide = [
  text('Containers', (object) => containers(template(object), 'name'), wide),
  text('Images', (object) => containers(template(object), 'image'), wide),
  text('Selector', (object) => selectorText(object['spec']?.selector) || none, wide),
];

const portsCell = (service: Obj): string =>
  list(
    ((service['spec']?.ports ?? []) as Loose[]).map(
      (port) => `${port.port}${port.nodePort ? `:${port.nodePort}` : ''}/${port.protocol ?? 'TCP'}`,
    ),
  );

function externalIp(service: Obj): string {
  const { type, externalIPs, externalName } = service['spec'];
  if (type === 'ExternalName') return externalName;
  const ingress = ((service['status']?.loadBalancer?.ingress ?? []) as Loose[]).map(
    (entry) => entry.ip ?? entry.hostname,
  );
  const all = [...ingress, ...(externalIPs ?? [])];
  return all.length > 0 ? all.join(',') : type === 'LoadBalancer' ? '<pending>' : none;
}

const accessNames: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const accessModes = (modes: string[] | undefined): string =>
  (modes ?? []).map((mode) => accessNames[mode] ?? mode).join(',');

function nodeStatus(node: Obj): string {
  const ready = ((node['status']?.conditions ?? []) as Loose[]).find((condition) => condition.type === 'Ready');
  const word = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return node['spec']?.unschedulable ? `${word},SchedulingDisabled` : word;
}

const roleLabel = 'node-role.kubernetes.io/';
const nodeRoles = (node: Obj): string =>
  list(
    Object.keys(node.metadata.labels ?? {})
      .filter((label) => label.startsWith(roleLabel))
      .map((label) => label.slice(roleLabel.length)),
  );
const nodeAddress =
  (type: string) =>
  (node: Obj): string =>
    ((node['status']?.addresses ?? []) as Loose[]).find((address) => address.type === type)?.address ?? none;

function jobStatus(job: Obj): string {
  const conditions = (job['status']?.conditions ?? []) as Loose[];
  const found = ['Complete', 'Failed', 'Suspended'].find((type) =>
    conditions.some((c) => c.type === type && c.status === 'True'),
  );
  return found ?? (job.metadata.deletionTimestamp ? 'Terminating' : 'Running');
}

function jobDuration(job: Obj, now: Date): string {
  const { startTime, completionTime } = job['status'] ?? {};
  if (!startTime) return '';
  return humanDuration((Date.parse(completionTime ?? now.toISOString()) - Date.parse(startTime)) / 1000);
}

function eventObject(event: Obj): string {
  const { kind = '', name = '' } = event['involvedObject'] ?? event['regarding'] ?? {};
  return `${String(kind).toLowerCase()}/${name}`;
}

const lastSeen = (event: Obj, now: Date): string =>
  age(
    event['series']?.lastObservedTime ??
      event['lastTimestamp'] ??
      event['deprecatedLastTimestamp'] ??
      event['eventTime'] ??
      event['firstTimestamp'],
    now,
  );

const readyOf = (object: Obj): string => `${object['status']?.readyReplicas ?? 0}/${object['spec']?.replicas ?? 1}`;
const roleRef = (object: Obj): string => `${object['roleRef']?.kind}/${object['roleRef']?.name}`;

function endpointsCell(object: Obj): string {
  const all = ((object['subsets'] ?? []) as Loose[]).flatMap((subset) =>
    (subset.addresses ?? []).flatMap((address: Loose) =>
      (subset.ports ?? [{}]).map((port: Loose) => `${address.ip}${port.port ? `:${port.port}` : ''}`),
    ),
  );
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : list(all);
}

/** What `kubectl get` shows of the built-in kinds, by where they are stored. */
export const builtinColumns: Readonly<Record<string, readonly Column[]>> = {
  '/pods': [
    nameColumn,
    text('Ready', readyCell),
    text('Status', statusCell),
    text('Restarts', restartsCell),
    ageColumn,
    text('IP', at('status.podIP'), wide),
    text('Node', at('spec.nodeName'), wide),
    text('Nominated Node', at('status.nominatedNodeName'), wide),
    text(
      'Readiness Gates',
      (pod) => (pod['spec']?.readinessGates?.length ? String(pod['spec'].readinessGates.length) : none),
      wide,
    ),
  ],
  '/services': [
    nameColumn,
    text('Type', at('spec.type')),
    text('Cluster-IP', at('spec.clusterIP')),
    text('External-IP', externalIp),
    text('Port(s)', portsCell),
    ageColumn,
    text('Selector', (service) => selectorText({ matchLabels: service['spec']?.selector }) || none, wide),
  ],
  '/endpoints': [nameColumn, text('Endpoints', endpointsCell), ageColumn],
  '/namespaces': [nameColumn, text('Status', at('status.phase', '')), ageColumn],
  '/secrets': [nameColumn, text('Type', at('type', '')), count('Data', sizeOf('data')), ageColumn],
  '/configmaps': [nameColumn, count('Data', (map) => sizeOf('data')(map) + sizeOf('binaryData')(map)), ageColumn],
  '/serviceaccounts': [nameColumn, count('Secrets', sizeOf('secrets')), ageColumn],
  '/persistentvolumeclaims': [
    nameColumn,
    text('Status', (claim) => (claim.metadata.deletionTimestamp ? 'Terminating' : at('status.phase', '')(claim))),
    text('Volume', at('spec.volumeName', '')),
    text('Capacity', at('status.capacity.storage', '')),
    text('Access Modes', (claim) => accessModes(claim['status']?.accessModes)),
    text('StorageClass', at('spec.storageClassName', '')),
    text('VolumeAttributesClass', at('spec.volumeAttributesClassName', '<unset>')),
    ageColumn,
    text('VolumeMode', at('spec.volumeMode', ''), wide),
  ],
  '/persistentvolumes': [
    nameColumn,
    text('Capacity', at('spec.capacity.storage', '')),
    text('Access Modes', (volume) => accessModes(volume['spec']?.accessModes)),
    text('Reclaim Policy', at('spec.persistentVolumeReclaimPolicy', '')),
    text('Status', (volume) => (volume.metadata.deletionTimestamp ? 'Terminating' : at('status.phase', '')(volume))),
    text('Claim', (volume) =>
      volume['spec']?.claimRef ? `${volume['spec'].claimRef.namespace}/${volume['spec'].claimRef.name}` : '',
    ),
    text('StorageClass', at('spec.storageClassName', '')),
    text('VolumeAttributesClass', at('spec.volumeAttributesClassName', '<unset>')),
    text('Reason', at('status.reason', '')),
    ageColumn,
    text('VolumeMode', at('spec.volumeMode', ''), wide),
  ],
  '/nodes': [
    nameColumn,
    text('Status', nodeStatus),
    text('Roles', nodeRoles),
    ageColumn,
    text('Version', at('status.nodeInfo.kubeletVersion', '')),
    text('Internal-IP', nodeAddress('InternalIP'), wide),
    text('External-IP', nodeAddress('ExternalIP'), wide),
    text('OS-Image', at('status.nodeInfo.osImage', '<unknown>'), wide),
    text('Kernel-Version', at('status.nodeInfo.kernelVersion', '<unknown>'), wide),
    text('Container-Runtime', at('status.nodeInfo.containerRuntimeVersion', '<unknown>'), wide),
  ],
  '/events': [
    text('Last Seen', lastSeen),
    text('Type', at('type', '')),
    text('Reason', at('reason', '')),
    text('Object', eventObject),
    text('Subobject', at('involvedObject.fieldPath', ''), wide),
    text(
      'Source',
      (event) => event['source']?.component || event['reportingComponent'] || event['reportingController'] || '',
      wide,
    ),
    text('Message', (event) => String(event['message'] ?? event['note'] ?? '').trim()),
    text(
      'First Seen',
      (event, now) => age(event['firstTimestamp'] ?? event['eventTime'] ?? event.metadata.creationTimestamp, now),
      wide,
    ),
    count('Count', (event) => event['series']?.count ?? event['count'] ?? event['deprecatedCount'] ?? 1),
    { ...nameColumn, priority: wide },
  ].map((column) => (column.name === 'Count' ? { ...column, priority: wide } : column)),
  'apps/deployments': [
    nameColumn,
    text('Ready', readyOf),
    count('Up-to-date', (deployment) => deployment['status']?.updatedReplicas ?? 0),
    count('Available', (deployment) => deployment['status']?.availableReplicas ?? 0),
    ageColumn,
    ...workloadWide,
  ],
  'apps/replicasets': [
    nameColumn,
    count('Desired', (set) => set['spec']?.replicas ?? 0),
    count('Current', (set) => set['status']?.replicas ?? 0),
    count('Ready', (set) => set['status']?.readyReplicas ?? 0),
    ageColumn,
    ...workloadWide,
  ],
  'batch/jobs': [
    nameColumn,
    text('Status', jobStatus),
    text('Completions', (job) => `${job['status']?.succeeded ?? 0}/${job['spec']?.completions ?? 1}`),
    text('Duration', jobDuration),
    ageColumn,
    ...workloadWide,
  ],
  'coordination.k8s.io/leases': [nameColumn, text('Holder', at('spec.holderIdentity', '')), ageColumn],
  'policy/poddisruptionbudgets': [
    nameColumn,
    text('Min Available', at('spec.minAvailable', 'N/A')),
    text('Max Unavailable', at('spec.maxUnavailable', 'N/A')),
    count('Allowed Disruptions', (budget) => budget['status']?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
  'storage.k8s.io/storageclasses': [
    {
      ...nameColumn,
      cell: (sc) =>
        `${sc.metadata.name}${sc.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ? ' (default)' : ''}`,
    },
    text('Provisioner', at('provisioner', '')),
    text('ReclaimPolicy', at('reclaimPolicy', 'Delete')),
    text('VolumeBindingMode', at('volumeBindingMode', 'Immediate')),
    text('AllowVolumeExpansion', at('allowVolumeExpansion', 'false')),
    ageColumn,
  ],
  'discovery.k8s.io/endpointslices': [
    nameColumn,
    text('AddressType', at('addressType', '')),
    text('Ports', (slice) => list(((slice['ports'] ?? []) as Loose[]).map((port) => port.port))),
    text('Endpoints', (slice) =>
      list(((slice['endpoints'] ?? []) as Loose[]).flatMap((endpoint) => endpoint.addresses)),
    ),
    ageColumn,
  ],
  'rbac.authorization.k8s.io/roles': [nameColumn, text('Created At', at('metadata.creationTimestamp', ''))],
  'rbac.authorization.k8s.io/clusterroles': [nameColumn, text('Created At', at('metadata.creationTimestamp', ''))],
  'rbac.authorization.k8s.io/rolebindings': [nameColumn, text('Role', roleRef), ageColumn],
  'rbac.authorization.k8s.io/clusterrolebindings': [nameColumn, text('Role', roleRef), ageColumn],
  'apiextensions.k8s.io/customresourcedefinitions': [
    nameColumn,
    text('Created At', at('metadata.creationTimestamp', '')),
  ],
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': [
    nameColumn,
    count('Webhooks', sizeOf('webhooks')),
    ageColumn,
  ],
  'admissionregistration.k8s.io/validatingwebhookconfigurations': [
    nameColumn,
    count('Webhooks', sizeOf('webhooks')),
    ageColumn,
  ],
};
