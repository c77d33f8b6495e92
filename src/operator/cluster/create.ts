import { alreadyExists } from '../../kube/errors.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject, ResourceType } from '../../kube/types.ts';
import { instanceName } from '../../naming.ts';
import { pvcStatus, annotation, type JobRole } from '../../labels.ts';
import { claimsOf, instanceClaim } from '../../resources/claim.ts';
import { instanceJob } from '../../resources/job.ts';
import { instancePod } from '../../resources/pod.ts';
import { eventReason } from './phase-names.ts';
import type { Scope } from './scope.ts';

/** Creates, or finds that it is there already: a reconciliation that died after the create is gone on with. */
export async function createOnce<T extends KubeObject>(scope: Scope, type: ResourceType, object: T): Promise<boolean> {
  const { api, signal, namespace, cluster } = scope;
  try {
    await api.create<T>(type, object, { signal });
    return true;
  } catch (error) {
    if (!alreadyExists(error)) throw error;
  }
  const name = object.metadata?.name ?? '';
  const existing = await api.get<T>(type, { namespace, name }, { signal });
  if (existing?.metadata?.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid) === true) return false;
  throw new Error(`${type.kind} ${namespace}/${name} exists and does not belong to this cluster; waiting for it to go`);
}

/** The claims of an instance that are not there yet. `ready`: nothing needs to be put into them before the instance starts. */
export async function createClaims(
  scope: Scope,
  serial: number,
  missing: ReadonlySet<string> | undefined,
  ready: boolean,
): Promise<void> {
  const { cluster, configuration, name } = scope;
  const claims = claimsOf(cluster, instanceName(name, serial)).filter(
    (claim) => missing === undefined || missing.has(claim.name),
  );
  for (const role of claims) {
    const claim = instanceClaim(cluster, configuration, serial, role);
    const annotations = ready
      ? { ...claim.metadata?.annotations, [annotation.pvcStatus]: pvcStatus.ready }
      : { ...claim.metadata?.annotations };
    await createOnce(scope, resource.persistentVolumeClaims, {
      ...claim,
      metadata: { ...claim.metadata, annotations },
    });
  }
}

export async function createJob(scope: Scope, serial: number, role: JobRole): Promise<void> {
  const { cluster, configuration } = scope;
  const job = instanceJob(cluster, configuration, serial, role);
  const metadata = {
    ...job.metadata,
    annotations: {
      ...job.metadata?.annotations,
      [annotation.clusterGeneration]: String(cluster.metadata.generation ?? 0),
    },
  };
  if (!(await createOnce(scope, resource.jobs, { ...job, metadata }))) return;
  const message = `Creating instance ${instanceName(scope.name, serial)} (Job ${job.metadata?.name ?? ''})`;
  scope.emit({ type: 'Normal', reason: eventReason.creatingInstance, message });
}

/** `beside`: the role of the Job whose end the instance awaits. */
export async function createPod(scope: Scope, serial: number, beside?: JobRole): Promise<boolean> {
  const pod = instancePod(scope.cluster, scope.configuration, serial);
  if (beside === undefined) return createOnce(scope, resource.pods, pod);
  const annotations = { ...pod.metadata?.annotations, [annotation.startsBeside]: beside };
  return createOnce(scope, resource.pods, { ...pod, metadata: { ...pod.metadata, annotations } });
}
