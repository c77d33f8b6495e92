import { failover, type FailoverAction, type FailoverFacts } from '../../../../state-machines/failover/machine.ts';
import type { Ruled } from '../../../../state-machines/protocol/rule-table.ts';
import { fencedByOperator, fencedNames } from '../../../fencing.ts';
import { resource } from '../../../kube/resource-types.ts';
import { annotation } from '../../../labels.ts';
import { decided, subjectCondition, type Decided } from '../decided.ts';
import { failoverFacts } from '../decide/failover-facts.ts';
import { eventReason, phase } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { micros } from '../times.ts';

/** The managers fence themselves at once; the operator does it for one that has not for so long. */
const conflictMs = 2_000;

async function annotate(scope: ObservedScope, fenced: readonly string[], ours: readonly string[]): Promise<void> {
  const { api, namespace, name, signal } = scope;
  const text = (names: readonly string[]): string | null =>
    names.length === 0 ? null : JSON.stringify([...names].sort());
  const annotations = { [annotation.fencedInstances]: text(fenced), [annotation.fencedByOperator]: text(ours) };
  const { resourceVersion } = scope.cluster.metadata;
  await api.patch(resource.clusters, { namespace, name }, { metadata: { resourceVersion, annotations } }, { signal });
}

function message(facts: FailoverFacts, action: Ruled<FailoverAction>): string {
  const { holder = 'nobody', epoch, unfenced, fencedByUs, candidates } = facts;
  const holds = `${holder} holds the lease in epoch ${epoch}`;
  switch (action.type) {
    case 'fence-others':
      return `${unfenced.join(', ')} says to be primary, but ${holds}`;
    case 'unfence-others':
      return `${fencedByUs.join(', ')} is no primary any more; ${holds}`;
    case 'report':
      return action.reason === 'NoCandidate'
        ? `${holds} and does not serve; no other instance could take over`
        : `${holds} and does not serve; too few of its synchronous standbys answer for another to take over`;
    case 'set-phase':
      return `${holds} and does not serve; ${candidates} could take over`;
    default:
      if (facts.holderServes) return `${holds} and serves`;
      return action.rule === 'primary-is-restarted' ? `${holds} and is on its way back` : holds;
  }
}

const events: Partial<Record<FailoverAction['type'], Decided['event']>> = {
  'fence-others': { type: 'Warning', reason: eventReason.leaseConflict },
  'unfence-others': { type: 'Normal', reason: eventReason.leaseConflict },
  'adopt-holder': { type: 'Normal', reason: eventReason.failoverTarget },
  'set-phase': { type: 'Normal', reason: eventReason.failingOver },
  report: { type: 'Warning', reason: eventReason.failingOver },
};

/** Whether the conflict was there already a while ago. */
function lasts({ cluster, now }: ObservedScope): boolean {
  const before = cluster.status?.conditions?.find(({ type }) => type === subjectCondition('Primary'));
  const same = before?.reason === 'PrimaryWithoutTheLease';
  return same && now.getTime() - Date.parse(before.lastTransitionTime) >= conflictMs;
}

async function perform(scope: ObservedScope, facts: FailoverFacts, action: FailoverAction): Promise<void> {
  const { report, cluster, now } = scope;
  const fenced = fencedNames(cluster);
  const ours = fencedByOperator(cluster);
  switch (action.type) {
    case 'fence-others':
      if (!lasts(scope)) return report.lookAgain(conflictMs / 2);
      return annotate(scope, [...new Set([...fenced, ...facts.unfenced])], [...new Set([...ours, ...facts.unfenced])]);
    case 'unfence-others': {
      const gone = new Set(facts.fencedByUs);
      return annotate(
        scope,
        fenced.filter((name) => !gone.has(name)),
        ours.filter((name) => !gone.has(name)),
      );
    }
    case 'adopt-holder':
      report.targetPrimary = facts.holder;
      return;
    case 'note-failing':
      report.set({ currentPrimaryFailingSinceTimestamp: micros(now) });
      return report.lookAgain(200);
    case 'forget-failing':
      return report.clear('currentPrimaryFailingSinceTimestamp');
    case 'set-phase':
      return report.phase(phase.failingOver, `Waiting for an instance to take over from ${facts.holder ?? 'nobody'}`);
    case 'stay':
    case 'set-labels':
    case 'report':
      return;
    default:
      return action satisfies never;
  }
}

/** Mirrors what the instances have agreed on, keeps the books of a failover, and says why nothing happens. It elects nobody. */
export async function followLease(scope: ObservedScope): Promise<PhaseResult> {
  const { cluster, world, now, report } = scope;
  const facts = failoverFacts(cluster, world, now);
  if (facts === undefined) return goOn;
  const { state, action } = failover.decide(facts);
  const event = events[action.type];
  decided(scope, 'Primary', {
    rule: action.rule,
    status: state === 'two-primaries' ? 'Unknown' : facts.holderServes ? 'True' : 'False',
    message: message(facts, action),
    ...(event === undefined ? {} : { event }),
  });
  if (action.rule === 'election-under-way') {
    report.phase(phase.failingOver, `Waiting for an instance to take over from ${facts.holder ?? 'nobody'}`);
  }
  await perform(scope, facts, action);
  return goOn;
}
