import type { FailoverFacts } from '../../../../state-machines/failover/machine.ts';
import { readQuorum } from '../../../../state-machines/protocol/quorum.ts';
import type { Cluster } from '../../../api/generated/cluster.ts';
import { fencedByOperator, isFenced } from '../../../fencing.ts';
import { instanceRole, label } from '../../../labels.ts';
import { reasonOf, subjectCondition } from '../decided.ts';
import { phase } from '../phase-names.ts';
import { primaryRestarts } from './rollout.ts';
import { isReady, isTerminating, members, type Instance, type World } from '../world.ts';

const answersAsPrimary = ({ answer }: Instance): boolean => answer?.ok === true && answer.status.isPrimary === true;

/** Serves, as far as can be told: one whom the kubelet finds ready is not given up because he does not answer the operator. */
function serves(instance: Instance | undefined, settled: boolean): boolean {
  if (instance === undefined) return false;
  if (instance.answer?.ok === true) return instance.answer.status.isPrimary === true;
  return settled && isReady(instance.pod);
}

const standsAfter = (cluster: Cluster, instance: Instance): boolean =>
  instance.answer?.ok === true && instance.answer.status.isPrimary !== true && !isFenced(cluster, instance.name);

const asleepOrOnItsWay = ['hibernated', 'primary-is-restarted'].map(reasonOf);

/** It has slept with its role, or is made anew with it, and its pod is not back yet. */
function comesBack(cluster: Cluster, pod: Instance['pod']): boolean {
  const said = cluster.status?.conditions?.find(({ type }) => type === subjectCondition('Primary'));
  return primaryRestarts(cluster, pod) || (asleepOrOnItsWay.includes(said?.reason ?? '') && !isReady(pod));
}

/** Pods whose role label is not what the lease says, while nobody is about to change it. */
function mislabelled(world: World, holder: string): string[] {
  return world.instances
    .filter(({ name, pod }) => {
      const role = pod?.metadata?.labels?.[label.instanceRole];
      return pod !== undefined && !isTerminating(pod) && (role === instanceRole.primary) !== (name === holder);
    })
    .map(({ name }) => name);
}

/** What the operator knows of the primary, in the words of the failover's table; undefined before there ever was one. */
export function failoverFacts(cluster: Cluster, world: World, now: Date): FailoverFacts | undefined {
  const { lease } = world;
  const { currentPrimary = '', targetPrimary = '', currentPrimaryFailingSinceTimestamp: since } = cluster.status ?? {};
  if (currentPrimary === '' || lease === undefined) return undefined;
  const present = members(world);
  const { holder } = lease;
  const holding = world.instances.find(({ name }) => name === holder);
  const holderServes = serves(holding, holder === currentPrimary);
  const standing = present.filter((instance) => instance.name !== holder && standsAfter(cluster, instance));
  const names = new Set(standing.map(({ name }) => name));
  const ours = fencedByOperator(cluster);
  return {
    now: now.getTime(),
    ...(holder === undefined ? {} : { holder }),
    epoch: lease.epoch,
    holderServes,
    holderFenced: holder !== undefined && isFenced(cluster, holder) && !ours.includes(holder),
    // It is away because the operator makes it anew, and keeps the role.
    holderRestarts: holder !== undefined && holder === currentPrimary && comesBack(cluster, holding?.pod),
    unfenced: world.instances
      .filter((it) => it.name !== holder && world.holderBefore === holder && answersAsPrimary(it))
      .filter(({ name }) => !isFenced(cluster, name))
      .map(({ name }) => name),
    fencedByUs: world.instances.filter((it) => ours.includes(it.name) && !answersAsPrimary(it)).map(({ name }) => name),
    mislabelled: holderServes && holder === currentPrimary ? mislabelled(world, holder) : [],
    ...(targetPrimary === '' ? {} : { targetPrimary }),
    currentPrimary,
    switchover: !['', 'pending', currentPrimary].includes(targetPrimary),
    ...(since === undefined || since === '' ? {} : { failingSince: Date.parse(since) }),
    failoverDelay: (cluster.spec.failoverDelay ?? 0) * 1000,
    phase: cluster.status?.phase === phase.failingOver ? 'failing-over' : 'other',
    candidates: standing.length,
    quorumPossible: lease.configurations.every(
      (configuration) =>
        configuration.number === 0 ||
        configuration.names.filter(({ instance }) => names.has(instance)).length >= readQuorum(configuration),
    ),
  };
}
