// The operator as src/operator/runtime/run.ts puts it together, as far as it looks after clusters: leader's lease, controller, reconciler.
import type { Logger } from 'pino';
import { createClusterController } from '../../../operator/cluster/controller.ts';
import { readInstanceStatus } from '../../../operator/cluster/instance-status.ts';
import { impatient } from '../../../operator/cluster/patience.ts';
import { reconcileCluster } from '../../../operator/cluster/phases/reconcile.ts';
import { messageOf } from '../../../operator/errors.ts';
import { runAsLeader } from '../../../kube/leader.ts';
import type { KubeApi } from '../../../kube/port.ts';
import type { RunResult } from '../../../kube/queue.ts';
import { namespace } from '../names.ts';
import { operatorConfiguration } from './objects.ts';

export interface OperatorOptions {
  readonly kube: KubeApi;
  /** The name of its pod. */
  readonly podName: string;
  readonly log: Logger;
  /** A reconciliation begins; what it returns is told its end. */
  readonly begins: () => (result: RunResult | undefined) => void;
  readonly ended: () => void;
}

const times = { leaseDurationMs: 8000, renewDeadlineMs: 5000 };
const identity = { certificate: '', key: '', fingerprint: 'f00d' };

/** Runs until it no longer leads. */
export function startOperator({ kube, podName, log, begins, ended }: OperatorOptions): void {
  const stop = new AbortController();
  const onError = (error: unknown): void => log.warn({ error: messageOf(error) }, 'the leader lease');
  const lead = (signal: AbortSignal): Promise<void> => {
    const readStatus = impatient(readInstanceStatus);
    const controller = createClusterController({
      ...{ api: kube, namespaces: [namespace], workers: 1 },
      onError: (_key, error, retryInMs) => log.warn({ error: messageOf(error), retryInMs }, 'reconciliation failed'),
      onWatchFailure: (kind, error) => log.debug({ kind, error: messageOf(error) }, 'watch failed'),
      reconcile: async (key, owned, signalOfRun) => {
        const ends = begins();
        const surroundings = {
          ...{ api: kube, owned, log, identity, configuration: operatorConfiguration, readStatus },
          emit: () => undefined,
          now: () => new Date(),
        };
        const result = await reconcileCluster(surroundings, key, signalOfRun);
        ends(result);
        return result;
      },
    });
    log.info('leading');
    return controller.run(signal);
  };
  const lease = { namespace: 'operators', name: 'operator' };
  runAsLeader(kube, { lease, identity: podName, ...times, onError }, lead, stop.signal).then(
    ended,
    (error: unknown) => {
      onError(error);
      ended();
    },
  );
}
