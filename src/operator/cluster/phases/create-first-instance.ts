import { bootstrapRole } from '../../../resources/job.ts';
import { instanceName } from '../../../naming.ts';
import { createClaims, createJob } from '../create.ts';
import { isInitialized } from '../decide/initialized.ts';
import { eventReason, phase } from '../phase-names.ts';
import { goOn, stop, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { members } from '../world.ts';

/** A cluster begins with one instance, and only once in its life: what is lost later is never replaced by an empty database. */
export async function createFirstInstance(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, report } = scope;
  const present = members(world);
  if (isInitialized(cluster, world)) {
    if (present.some(({ filled }) => filled) || world.instances.some(({ detached }) => detached)) return goOn;
    if (world.instances.some(({ terminating, filled }) => terminating && filled)) return goOn;
    // It serves on what its Job has published, before the Job could say so.
    if (present.some(({ job }) => job?.state === 'running')) return stop('BootstrapRunning');
    const message = 'The cluster was initialized, and no volume with its data is left; restore it from a backup';
    report.phase(phase.unrecoverable, message);
    scope.emit({ type: 'Warning', reason: eventReason.volumesLost, message });
    return stop('VolumesLost');
  }
  if (world.instances.some(({ terminating }) => terminating)) return stop('OldVolumesTerminating', 1_000);
  const begun = present[0];
  const serial = begun?.serial ?? 1;
  const name = instanceName(scope.name, serial);
  const role = bootstrapRole(cluster);
  report.targetPrimary = name;
  const failures = begun?.job?.failures ?? 0;
  const tried = failures > 0 ? `; ${failures} failed so far, the last with: ${begun?.job?.message ?? ''}` : '';
  report.phase(phase.settingUpPrimary, `Creating primary instance ${name} (${role})${tried}`);
  if (begun === undefined || begun.missing.length > 0) {
    await createClaims(scope, serial, begun && new Set(begun.missing.map((claim) => claim.name)), false);
  }
  if (begun?.job === undefined) await createJob(scope, serial, role);
  return stop('BootstrapRunning');
}
