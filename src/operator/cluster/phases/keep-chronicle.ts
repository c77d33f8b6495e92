import type { RoleChange } from '../../../api/generated/cluster.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

const kept = 10;

const timeOf = ({ steps = [] }: RoleChange, name: string): number =>
  Date.parse(steps.find((step) => step.name === name)?.time ?? '');

/** `2.1 s after it was asked for`; empty when a step is not known. */
function duration(change: RoleChange): string {
  const begun = Math.min(
    ...['requested', 'last-renewal', 'claimed'].map((name) => timeOf(change, name)).filter(Number.isFinite),
  );
  const took = (timeOf(change, 'promoted') - begun) / 1000;
  return Number.isFinite(took) ? `, ${took.toFixed(1)} s from the first step to service` : '';
}

const describe = (change: RoleChange): string =>
  `${change.to} is the primary in epoch ${change.epoch}${change.from === undefined ? '' : ` after ${change.from}`} (${change.cause})${duration(change)}`;

/** What was known, with what the instances tell now; of each epoch the fuller story. */
export function mergeRoleChanges(before: readonly RoleChange[], told: readonly RoleChange[]): RoleChange[] {
  const byEpoch = new Map(before.map((change) => [change.epoch, change]));
  for (const change of told) {
    const known = byEpoch.get(change.epoch);
    if ((change.steps?.length ?? 0) >= (known?.steps?.length ?? 0)) byEpoch.set(change.epoch, change);
  }
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch).slice(-kept);
}

/** The last changes of the primary, as those who became it tell them. */
export function keepChronicle(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, report, log } = scope;
  const before = cluster.status?.roleChanges ?? [];
  const told = world.instances.flatMap(({ answer }) =>
    answer?.ok === true && answer.status.roleChange !== undefined ? [answer.status.roleChange] : [],
  );
  const all = mergeRoleChanges(before, told);
  if (all.length > 0) report.set({ roleChanges: all });
  const newest = before.at(-1)?.epoch ?? 0;
  for (const change of all.filter(({ epoch }) => epoch > newest)) {
    log.info({ roleChange: change }, describe(change));
    const planned = change.cause === 'Switchover' || change.cause === 'Bootstrap';
    const reason = planned ? eventReason.switchover : eventReason.failoverTarget;
    if (change.cause !== 'Bootstrap') scope.emit({ type: 'Normal', reason, message: describe(change) });
  }
  return Promise.resolve(goOn);
}
