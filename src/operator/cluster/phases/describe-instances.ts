import type { Pod } from '../../../kube/objects.ts';
import { annotation, label, podRole, pvcStatus } from '../../../labels.ts';
import { clusterImage } from '../../../resources/metadata.ts';
import { conditionReason, conditionType } from '../phase-names.ts';
import { isInitialized } from '../decide/initialized.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { describeTopology } from '../topology.ts';
import { hasEnded, isReady, members, type Instance, type World } from '../world.ts';

function podsByState(pods: readonly Pod[]): Record<string, string[]> {
  const states: Record<string, string[]> = {};
  for (const pod of pods) {
    const state = hasEnded(pod) ? 'failed' : isReady(pod) ? 'healthy' : 'replicating';
    (states[state] ??= []).push(pod.metadata?.name ?? '');
  }
  return states;
}

/** Names of the claims of the instances that a rule picks; undefined when there are none, so that the field goes. */
const claimNames = (instances: readonly Instance[]): string[] | undefined => {
  const names = instances.flatMap(({ claims }) => claims.map(({ metadata }) => metadata?.name ?? '')).sort();
  return names.length === 0 ? undefined : names;
};

function claimStates(world: World) {
  const present = members(world);
  const resizing = world.claims
    .filter(({ status }) => status?.conditions?.some(({ type }) => /Resiz/.test(type)) ?? false)
    .map(({ metadata }) => metadata?.name ?? '')
    .sort();
  return {
    danglingPVC: claimNames(present.filter(({ filled, pod }) => filled && pod === undefined)),
    healthyPVC: claimNames(present.filter(({ filled, pod }) => filled && pod !== undefined)),
    initializingPVC: claimNames(
      present.filter(
        ({ filled, claims }) =>
          !filled &&
          claims.some(({ metadata }) => metadata?.annotations?.[annotation.pvcStatus] === pvcStatus.initializing),
      ),
    ),
    unusablePVC: claimNames(world.instances.filter(({ unusable }) => unusable)),
    resizingPVC: resizing.length === 0 ? undefined : resizing,
  };
}

/** What instances said of themselves; of one that does not answer now, what it said last, as long as its pod is there. */
function reported({ cluster, world }: ObservedScope) {
  const before = cluster.status?.instancesReportedState ?? {};
  return Object.fromEntries(
    world.instances.flatMap(({ name, pod, answer }) => {
      if (pod === undefined) return [];
      if (answer?.ok !== true) return before[name] === undefined ? [] : [[name, before[name]]];
      const { isPrimary = false, timeLineID } = answer.status;
      const ip = pod.status?.podIP;
      return [[name, { isPrimary, ...(timeLineID ? { timeLineID } : {}), ...(ip === undefined ? {} : { ip }) }]];
    }),
  );
}

function identity({ world, report }: ObservedScope): void {
  const answers = world.instances.flatMap(({ answer }) => (answer?.ok === true ? [answer.status] : []));
  const ids = [...new Set(answers.map(({ systemID }) => systemID ?? '').filter((id) => id !== ''))];
  const [systemID] = ids;
  if (ids.length === 1 && systemID !== undefined) {
    report.set({ systemID });
    report.condition({
      type: conditionType.systemId,
      status: 'True',
      reason: conditionReason.unique,
      message: 'A single, unique system ID was found across reporting instances.',
    });
  } else if (ids.length > 1) {
    report.condition({
      type: conditionType.systemId,
      status: 'False',
      reason: conditionReason.mismatch,
      message: `Multiple system IDs found: ${ids.sort().join(', ')}`,
    });
  } else if (report.status.systemID === undefined) {
    report.condition({
      type: conditionType.systemId,
      status: 'False',
      reason: conditionReason.notFound,
      message: 'No system ID was reported yet.',
    });
  }
  const timeline = answers.find(({ isPrimary }) => isPrimary === true)?.timeLineID;
  if (timeline !== undefined && timeline > 0) report.set({ timelineID: timeline });
}

/** Puts what was observed into the report. Decides nothing. */
export function describeInstances(scope: ObservedScope): Promise<PhaseResult> {
  const { world, report, cluster, configuration, name } = scope;
  const present = members(world);
  const initialized = isInitialized(cluster, world);
  report.set({
    instances: world.pods.length,
    readyInstances: world.pods.filter(isReady).length,
    selector: `${label.cluster}=${name},${label.podRole}=${podRole.instance}`,
    instanceNames: present.map((instance) => instance.name),
    instancesStatus: podsByState(world.pods),
    instancesReportedState: reported(scope),
    pvcCount: world.claims.length,
    jobCount: world.instances.filter(({ job }) => job?.state === 'running').length,
    latestGeneratedNode: Math.max(0, ...world.instances.map(({ serial }) => serial)),
    image: clusterImage(cluster, configuration),
    operatorCertificateFingerprint: scope.identity.fingerprint,
  });
  describeTopology(scope);
  const claims = claimStates(world);
  for (const [field, names] of Object.entries(claims) as [keyof typeof claims, string[] | undefined][]) {
    if (names === undefined) report.clear(field);
    else report.set({ [field]: names });
  }
  identity(scope);
  report.condition({
    type: conditionType.initialized,
    status: initialized ? 'True' : 'False',
    reason: initialized ? conditionReason.bootstrapCompleted : conditionReason.bootstrapPending,
    message: initialized ? 'The cluster was initialized.' : 'The first instance is being made.',
  });
  return Promise.resolve(goOn);
}
