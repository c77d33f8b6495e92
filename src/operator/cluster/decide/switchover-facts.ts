import { chooseTarget, type Choice, type TargetFacts } from '../../../../state-machines/switchover/choose.ts';
import type { SwitchoverFacts } from '../../../../state-machines/switchover/machine.ts';
import type { Cluster } from '../../../api/generated/cluster.ts';
import { isFenced } from '../../../fencing.ts';
import { parseLsn } from '../../../postgres/lsn.ts';
import { subjectCondition } from '../decided.ts';
import type { InstanceStatus } from '../instance-status.ts';
import { members, type Instance, type World } from '../world.ts';

/** Time for the election after the old primary's own deadline. */
const electionMs = 15_000;
/** A failover's state, never an instance (reference §2.8). */
const pending = 'pending';

/** The operator's own wish for another primary, whoever fits. */
export interface OwnWish {
  readonly why: string;
}

export interface SwitchoverView {
  readonly facts: SwitchoverFacts;
  readonly from: string;
  /** The one that is asked for, or was found to fit. */
  readonly to: string | undefined;
}

const ofPrimary = (instance: Instance | undefined): InstanceStatus | undefined =>
  instance?.answer?.ok === true ? instance.answer.status : undefined;

function lagOf(primary: InstanceStatus | undefined, name: string): { streams: boolean; lag: bigint } {
  const sender = primary?.replicationInfo?.find((row) => row.applicationName === name && row.state === 'streaming');
  if (primary?.currentLsn === undefined || !sender?.flushLsn) return { streams: sender !== undefined, lag: 0n };
  const lag = parseLsn(primary.currentLsn) - parseLsn(sender.flushLsn);
  return { streams: true, lag: lag < 0n ? 0n : lag };
}

/** What makes each instance fit or unfit to become primary. */
export function targetFacts(cluster: Cluster, world: World, drained: (instance: Instance) => boolean): TargetFacts[] {
  const current = cluster.status?.currentPrimary ?? '';
  const status = ofPrimary(world.instances.find(({ name }) => name === current));
  return members(world).map((instance) => {
    const { name, serial } = instance;
    const { streams, lag } = lagOf(status, name);
    return {
      instance: name,
      serial,
      primary: name === current,
      member: world.lease?.members.includes(name) ?? false,
      fenced: isFenced(cluster, name),
      streams: streams && instance.answer?.ok === true,
      lag,
      schedulable: !drained(instance),
    };
  });
}

/** The order is given: said in status before, or seen in what the old primary does. */
function isOrdered(cluster: Cluster, world: World, old: Instance | undefined): boolean {
  const said = cluster.status?.conditions?.find(({ type }) => type === subjectCondition('Switchover'));
  if (said?.status === 'True') return true;
  const status = ofPrimary(old);
  return status?.handover !== undefined || world.lease?.holder !== cluster.status?.currentPrimary;
}

/** What is known of a planned change of the primary; undefined before there is a primary. */
export function switchoverView(
  cluster: Cluster,
  world: World,
  wish: OwnWish | undefined,
  drained: (instance: Instance) => boolean,
  now: Date,
): SwitchoverView | undefined {
  const { currentPrimary: from = '', targetPrimary = '', conditions = [] } = cluster.status ?? {};
  if (from === '' || world.lease === undefined) return undefined;
  const asked = ![from, '', pending].includes(targetPrimary);
  const old = world.instances.find(({ name }) => name === from);
  const { holder } = world.lease;
  const status = ofPrimary(old);
  const holding = world.instances.find(({ name }) => name === holder);
  const ordered = asked && isOrdered(cluster, world, old);
  const since = conditions.find(({ type }) => type === subjectCondition('Switchover'));
  const delay = (cluster.spec.switchoverDelay ?? 3600) * 1000 + electionMs;
  const chosen: Choice | undefined =
    ordered || (!asked && wish === undefined)
      ? undefined
      : chooseTarget(targetFacts(cluster, world, drained), asked ? targetPrimary : undefined);
  const refusal = chosen !== undefined && 'refusal' in chosen ? chosen.refusal : undefined;
  // Who does not answer is asked again; only what is known is a reason to refuse.
  const known = status !== undefined || isFenced(cluster, from);
  return {
    from,
    to: asked ? targetPrimary : chosen !== undefined && 'target' in chosen ? chosen.target : undefined,
    facts: {
      now: now.getTime(),
      wish: asked ? 'named' : wish === undefined ? 'none' : 'any',
      ...(refusal === undefined || (asked && !known) ? {} : { refusal }),
      ordered,
      ...(ordered && since?.status === 'True' ? { deadline: Date.parse(since.lastTransitionTime) + delay } : {}),
      poolersPaused: false,
      hasPoolers: false,
      oldPostgres: status === undefined ? 'unknown' : status.isPrimary === true ? 'running' : 'stopped',
      holder: holder === from ? 'old' : holder === undefined ? 'nobody' : 'other',
      holderServes: ofPrimary(holding)?.isPrimary === true,
      oldPromised: false,
    },
  };
}
