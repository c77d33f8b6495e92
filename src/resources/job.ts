import type { Job } from '../kube/objects.ts';
import { jobRole, label, type JobRole } from '../labels.ts';
import { hopelessExitCode, instanceName, jobName } from '../naming.ts';
import { clusterName, objectMetadata } from './metadata.ts';
import type { BuildSettings, Cluster } from './model.ts';
import { jobPodSpec } from './pod-spec.ts';

/** The sub-command of the instance manager that does the work of a Job. */
const commands: Partial<Record<JobRole, string>> = {
  [jobRole.initdb]: 'init',
  [jobRole.join]: 'join',
  [jobRole.recovery]: 'restore',
  [jobRole.pgBaseBackup]: 'pgbasebackup',
};

/** A Job that fills the volumes of an instance. `attempts` tries, then it has failed for good. */
export function instanceJob(
  cluster: Cluster,
  settings: BuildSettings,
  serial: number,
  role: JobRole,
  attempts = 7,
): Job {
  const command = commands[role];
  if (command === undefined) throw new Error(`No command for Jobs of role ${role}`);
  const instance = instanceName(clusterName(cluster), serial);
  const metadata = objectMetadata(cluster, settings, jobName(instance, role), {
    labels: { [label.instanceName]: instance, [label.jobRole]: role },
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: {
      backoffLimit: attempts - 1,
      podFailurePolicy: {
        rules: [
          {
            action: 'FailJob',
            onExitCodes: { containerName: role, operator: 'In', values: [hopelessExitCode] },
          },
          // A node that is drained or shut down says nothing about whether the work can be done.
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ],
      },
      template: {
        metadata: { labels: metadata.labels, annotations: metadata.annotations },
        spec: jobPodSpec(cluster, settings, instance, { name: role, command }),
      },
    },
  };
}

/** How the first instance of a cluster comes to be. */
export function bootstrapRole(cluster: Cluster): JobRole {
  const { bootstrap } = cluster.spec;
  if (bootstrap?.recovery !== undefined) return jobRole.recovery;
  if (bootstrap?.pg_basebackup !== undefined) return jobRole.pgBaseBackup;
  return jobRole.initdb;
}
