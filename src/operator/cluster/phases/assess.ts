import { health } from '../decide/health.ts';
import { eventReason, phase } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { isReady } from '../world.ts';

/** While something is on its way and no watch will tell, look again soon; else once in a while. */
const restlessMs = 1_000;
const restingMs = 30_000;

/** The last word: names the phase if nothing before did. */
export function assess(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, report } = scope;
  const primary = world.instances.find(({ name }) => name === cluster.status?.currentPrimary);
  if (primary?.answer?.ok === false && isReady(primary.pod)) {
    const message = `${primary.name} is ready but does not report its status: ${primary.answer.error}`;
    scope.emit({ type: 'Warning', reason: eventReason.primaryStatusFailed, message });
  }
  // A wish that was taken back in this very pass is none.
  const { targetPrimary = cluster.status?.targetPrimary } = report;
  const status = { ...cluster.status, ...(targetPrimary === undefined ? {} : { targetPrimary }) };
  const { phase: name, reason } = health({ ...cluster, status }, world);
  if (name === phase.notEnoughDiskSpace) {
    scope.emit({ type: 'Warning', reason: eventReason.notEnoughDiskSpace, message: reason });
  }
  const named = report.phaseNamed;
  report.phase(name, reason);
  report.lookAgain(named || name !== phase.healthy ? restlessMs : restingMs);
  return Promise.resolve(goOn);
}
