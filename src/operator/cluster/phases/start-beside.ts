import { KubeError } from '../../../kube/errors.ts';
import { resource } from '../../../kube/resource-types.ts';
import { jobRole } from '../../../labels.ts';
import { messageOf } from '../../errors.ts';
import { createPod } from '../create.ts';
import { besideJob } from '../decide/beside-job.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/**
 * The first instance's pod comes up while its Job makes the database, and serves as soon as that is there (docs/adr/0027). It can be done
 * without: where a quota or an admission refuses it, it is made when the Job is done.
 */
export async function startBeside(scope: ObservedScope): Promise<PhaseResult> {
  const { api, namespace, signal, log } = scope;
  for (const { act, instance } of besideJob(scope.cluster, scope.world)) {
    if (act === 'remove') {
      const preconditions = { uid: instance.pod?.metadata?.uid ?? '' };
      await api.delete(resource.pods, { namespace, name: instance.name }, { preconditions, signal });
      continue;
    }
    try {
      await createPod(scope, instance.serial, jobRole.initdb);
    } catch (error) {
      if (!(error instanceof KubeError) || ![403, 422].includes(error.code)) throw error;
      log.debug({ pod: instance.name, error: messageOf(error) }, 'No pod beside the Job');
    }
  }
  return goOn;
}
