import type { Backup } from '../api/generated/backup.ts';
import type { Cluster } from '../api/generated/cluster.ts';
import { fencedNames, isFenced } from '../fencing.ts';
import { annotation } from '../labels.ts';
import { textTable } from '../util/text-table.ts';

type Row = readonly [string, string];

const primary = (cluster: Cluster): string => {
  const { currentPrimary = '', targetPrimary = currentPrimary } = cluster.status ?? {};
  return targetPrimary === currentPrimary ? currentPrimary : `${currentPrimary} (switching to ${targetPrimary})`;
};

/** The phase of a cluster without instances is that of a healthy one; its sleep is said by a condition named like the annotation. */
function statusLine(cluster: Cluster): string {
  const { status } = cluster;
  const asleep = status?.conditions?.find(({ type }) => type === annotation.hibernation)?.status === 'True';
  if (asleep) return 'Hibernated';
  const line = [status?.phase, status?.phaseReason].filter(Boolean).join(': ');
  return isFenced(cluster, status?.currentPrimary ?? '') ? `${line} (Primary instance is fenced)` : line;
}

/** What `kubectl howdah status` says of a cluster, from what the API server holds of it (reference §3, the first section and the last). */
export function statusText(cluster: Cluster, backups: readonly Backup[]): string {
  const { metadata, spec, status } = cluster;
  const fenced = fencedNames(cluster).map((name) => (name === '*' ? 'all' : name));
  const summary: Row[] = [
    ['Name', `${metadata?.namespace}/${metadata?.name}`],
    ['System ID:', status?.systemID ?? ''],
    ['PostgreSQL Image:', status?.image ?? spec.imageName ?? ''],
    ['Primary instance:', primary(cluster)],
    ['Primary promotion time:', status?.currentPrimaryTimestamp ?? ''],
    ['Status:', statusLine(cluster)],
    ['Instances:', String(spec.instances)],
    ['Ready instances:', String(status?.readyInstances ?? 0)],
    ...(fenced.length === 0 ? [] : [['Fenced instances:', fenced.join(', ')] as const]),
    ['Timeline:', String(status?.timelineID ?? '')],
  ];
  const conditions = (status?.conditions ?? []).map(({ type, status: value, reason, message }) => [
    type,
    value,
    reason,
    message,
  ]);
  const instances = Object.entries(status?.instancesReportedState ?? {}).map(([name, state]) => [
    name,
    isFenced(cluster, name) ? 'Fenced' : state.isPrimary ? 'Primary' : 'Standby',
    String(state.timeLineID ?? ''),
    state.ip ?? '',
  ]);
  const taken = backups
    .filter((backup) => backup.spec.cluster.name === metadata?.name)
    .map(({ metadata: own, status: state }) => [
      own?.name ?? '',
      state?.phase ?? 'pending',
      state?.backupId ?? '',
      state?.stoppedAt ?? '',
    ]);
  const section = (title: string, heading: string[], rows: string[][]): string[] =>
    rows.length === 0 ? [] : [`\n${title}`, textTable([heading, ...rows])];
  return [
    'Cluster Summary',
    textTable(summary),
    ...section('Instances status', ['Name', 'Role', 'Timeline', 'Address'], instances),
    ...section('Conditions', ['Type', 'Status', 'Reason', 'Message'], conditions),
    ...section('Backups', ['Name', 'Phase', 'ID', 'Stopped'], taken),
    '',
  ].join('\n');
}
