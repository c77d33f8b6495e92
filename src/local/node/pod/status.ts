// The status that a node reports of a pod. Pure.
import type { Plan, Waiting } from './plan.ts';
import type { ContainerRecord, PodRecord, Run } from '../model/records.ts';
import {
  isSidecar,
  type Container,
  type ContainerState,
  type ContainerStatus,
  type Phase,
  type Pod,
  type PodCondition,
  type PodSpec,
  type PodStatus,
} from '../model/types.ts';

export interface StatusFacts {
  readonly record: PodRecord;
  readonly plan: Plan;
  /** Why a container could not be started. */
  readonly problems: Readonly<Record<string, Waiting>>;
  readonly nodeAddress: string;
  readonly now: Date;
}

/** How a pod ends that cannot outlive the stop of its node, since its containers are not to run again; the kubelet's words. */
export const nodeShutdown = {
  reason: 'Terminated',
  message: 'Pod was terminated in response to imminent node shutdown.',
} as const;

const containerId = (run: Run): string => `howdah://${run.id}`;

function terminated(run: Run): ContainerState {
  if (!run.exit) return {};
  const { code, reason, message, finishedAt } = run.exit;
  return {
    terminated: {
      exitCode: code,
      reason,
      ...(message === undefined ? {} : { message }),
      startedAt: run.startedAt,
      finishedAt,
      containerID: containerId(run),
    },
  };
}

function currentState(
  record: ContainerRecord | undefined,
  waiting: Waiting | undefined,
  initialized: boolean,
): ContainerState {
  if (record && !record.run.exit) return { running: { startedAt: record.run.startedAt } };
  if (waiting) return { waiting };
  if (record) return terminated(record.run);
  return { waiting: { reason: initialized ? 'ContainerCreating' : 'PodInitializing' } };
}

function containerStatus(
  container: Container,
  facts: StatusFacts,
  initialized: boolean,
  init: boolean,
): ContainerStatus {
  const known = facts.record.containers[container.name];
  const waiting = facts.problems[container.name] ?? facts.plan.waiting[container.name];
  const state = currentState(known, waiting, initialized);
  const run = known?.run;
  const isRunning = state.running !== undefined;
  const last = state.waiting ? run : known?.previous;
  // An init container that has done its work counts as ready.
  const done = init && !isSidecar(container) && state.terminated?.exitCode === 0;
  return {
    name: container.name,
    image: container.image,
    imageID: run ? `howdah://${container.image}` : '',
    ...(run ? { containerID: containerId(run) } : {}),
    ready: done || (isRunning && run?.ready === true),
    started: isRunning && run?.started === true,
    restartCount: run?.attempt ?? 0,
    state,
    lastState: last ? terminated(last) : {},
  };
}

function phase(facts: StatusFacts, statuses: readonly ContainerStatus[]): Phase {
  const { plan } = facts;
  const runs = Object.values(facts.record.containers).some(({ run }) => !run.exit);
  if (plan.outcome) return runs ? 'Running' : plan.outcome;
  if (!plan.initialized || statuses.some(({ state, lastState }) => state.waiting && !lastState.terminated))
    return 'Pending';
  return 'Running';
}

interface Verdict {
  readonly ok: boolean;
  readonly reason?: string;
  readonly message?: string;
}

function condition(type: string, verdict: Verdict, facts: StatusFacts): PodCondition {
  const status = verdict.ok ? 'True' : 'False';
  const before = facts.record.pod.status?.conditions?.find((other) => other.type === type);
  return {
    type,
    status,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
    lastTransitionTime:
      before?.status === status && before.lastTransitionTime !== undefined
        ? before.lastTransitionTime
        : facts.now.toISOString(),
  };
}

function readiness(
  spec: PodSpec,
  phase: Phase,
  statuses: readonly ContainerStatus[],
  sidecars: readonly ContainerStatus[],
): Verdict {
  if (phase === 'Succeeded') return { ok: false, reason: 'PodCompleted' };
  if (phase === 'Failed') return { ok: false, reason: 'PodFailed' };
  const unready = [...sidecars, ...statuses].filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0 && spec.containers.length > 0) return { ok: true };
  return { ok: false, reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
}

function conditions(
  facts: StatusFacts,
  current: Phase,
  main: ContainerStatus[],
  init: ContainerStatus[],
): PodCondition[] {
  const { record, plan } = facts;
  const { spec, status } = record.pod;
  const sidecars = init.filter((_, index) => isSidecar(spec.initContainers?.[index] ?? { name: '', image: '' }));
  const ready = readiness(spec, current, main, sidecars);
  const gates = (spec.readinessGates ?? []).filter(
    (gate) => !status?.conditions?.some(({ type, status }) => type === gate.conditionType && status === 'True'),
  );
  const incomplete = init
    .filter(({ state }) => state.terminated?.exitCode !== 0 && !state.running)
    .map(({ name }) => name);
  const initialized: Verdict =
    plan.initialized || current === 'Succeeded'
      ? { ok: true, ...(current === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
      : {
          ok: false,
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${incomplete.join(' ')}]`,
        };
  const own = [
    condition('PodReadyToStartContainers', { ok: current === 'Pending' || current === 'Running' }, facts),
    condition('Initialized', initialized, facts),
    condition('Ready', ready.ok && gates.length > 0 ? { ok: false, reason: 'ReadinessGatesNotReady' } : ready, facts),
    condition('ContainersReady', ready, facts),
    condition('PodScheduled', { ok: true }, facts),
    ...(record.failed?.reason === nodeShutdown.reason
      ? [condition('DisruptionTarget', { ok: true, ...nodeShutdown, reason: 'TerminationByKubelet' }, facts)]
      : []),
  ];
  const others = (status?.conditions ?? []).filter(({ type }) => !own.some((mine) => mine.type === type));
  return [...own, ...others];
}

function qualityOfService(spec: PodSpec): string {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const asks = containers.some(
    ({ resources }) => Object.keys({ ...resources?.limits, ...resources?.requests }).length > 0,
  );
  if (!asks) return 'BestEffort';
  const guaranteed = containers.every(({ resources }) =>
    ['cpu', 'memory'].every((name) => {
      const limit = resources?.limits?.[name];
      return limit !== undefined && (resources?.requests?.[name] ?? limit) === limit;
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

export function podStatus(facts: StatusFacts): PodStatus {
  const { record, plan } = facts;
  const { spec } = record.pod;
  const init = (spec.initContainers ?? []).map((container) => containerStatus(container, facts, true, true));
  const main = spec.containers.map((container) => containerStatus(container, facts, plan.initialized, false));
  const current = phase(facts, main);
  return {
    phase: current,
    reason: record.failed?.reason ?? null,
    message: record.failed?.message ?? null,
    hostIP: facts.nodeAddress,
    hostIPs: [{ ip: facts.nodeAddress }],
    podIP: record.ip,
    podIPs: [{ ip: record.ip }],
    startTime: record.startTime,
    qosClass: qualityOfService(spec),
    conditions: conditions(facts, current, main, init),
    containerStatuses: main,
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
  };
}

/** A pod as the API server has it, with our own conditions as last published: those in the API server may be older. */
export function mergeConditions(pod: Pod, own: Pod): Pod {
  const mine = own.status?.conditions ?? [];
  const others = (pod.status?.conditions ?? []).filter(({ type }) => !mine.some((one) => one.type === type));
  return { ...pod, status: { ...pod.status, conditions: [...mine, ...others] } };
}

/** Whether two views of a pod disagree about readiness. */
export function readinessDiffers(one: Pod, other: Pod): boolean {
  const ready = ({ status }: Pod): string | undefined =>
    status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return ready(one) !== ready(other);
}
