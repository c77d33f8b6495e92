import type { Cluster } from '../../../api/generated/cluster.ts';
import { instanceRole, label } from '../../../labels.ts';
import { phase } from '../phase-names.ts';
import { isReady, members, type Instance, type World } from '../world.ts';

export interface Health {
  readonly phase: string;
  readonly reason: string;
}

/** The name, and what the instance says is wrong with it. */
const said = ({ name, answer }: Instance): string =>
  answer?.ok === true && (answer.status.problem ?? '') !== '' ? `${name}: ${answer.status.problem}` : name;

/** What the cluster is when nothing is left to do. Ordered rules, the first that fits. */
export function health({ spec, status }: Cluster, world: World): Health {
  const present = members(world);
  const list = (names: readonly { name: string }[]): string => names.map(({ name }) => name).join(', ');
  const full = present.filter(({ answer }) => answer?.ok === true && answer.status.notEnoughDiskSpace === true);
  if (full.length > 0) {
    const reason = `Insufficient disk space detected in ${list(full)}: PostgreSQL is not started. Enlarge spec.storage or spec.walStorage`;
    return { phase: phase.notEnoughDiskSpace, reason };
  }
  const ready = present.filter(({ pod }) => isReady(pod));
  const silent = ready.filter(({ answer }) => answer?.ok !== true);
  if (ready.length > 0 && silent.length === ready.length) {
    const [first] = silent;
    const error = first?.answer?.ok === false ? `: ${first.answer.error}` : '';
    return { phase: phase.statusUnreachable, reason: `No instance reports its status${error}` };
  }
  const waiting = present.filter(({ pod }) => !isReady(pod));
  if (waiting.length > 0)
    return { phase: phase.waitingForInstances, reason: `Waiting for ${waiting.map(said).join(', ')}` };
  if (present.length < spec.instances) {
    return { phase: phase.waitingForInstances, reason: `${present.length} of ${spec.instances} instances are there` };
  }
  if (present.length > spec.instances) {
    return { phase: phase.waitingForInstances, reason: `${present.length} instances instead of ${spec.instances}` };
  }
  if (silent.length > 0)
    return { phase: phase.waitingForInstances, reason: `${list(silent)} does not report its status` };
  const primary = present.find(({ name }) => name === status?.currentPrimary);
  if (primary === undefined || status?.currentPrimary !== status?.targetPrimary) {
    const asked = primary !== undefined && (status?.targetPrimary ?? '') !== '';
    return {
      phase: asked ? phase.switchingOver : phase.waitingForInstances,
      reason: `Waiting for ${status?.targetPrimary ?? 'a primary'} to serve as primary`,
    };
  }
  if (primary.pod?.metadata?.labels?.[label.instanceRole] !== instanceRole.primary) {
    return { phase: phase.waitingForInstances, reason: `${primary.name} is about to be labelled as primary` };
  }
  return { phase: phase.healthy, reason: '' };
}
