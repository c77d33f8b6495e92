import { annotation } from '../../labels.ts';
import { kubeTime } from '../backup/objects.ts';
import type { InstanceContext } from '../context/context.ts';
import { readRestored } from '../recovery/restored.ts';
import { servesAsPrimary, type InstanceView } from '../world/view.ts';
import { changeClusterStatus } from '../wal/condition.ts';
import { verifyDatabases } from './verify.ts';

/** In a cluster that was restored for a drill: checks the database once and writes down what was found. */
export function verifyDrill(context: InstanceContext, signal: AbortSignal): (view: InstanceView) => Promise<void> {
  const { environment, kube, log } = context;
  const { namespace, clusterName: name, paths, port } = environment;
  return async (view) => {
    const { cluster } = view;
    if (!servesAsPrimary(view) || cluster?.metadata.annotations?.[annotation.drillOf] === undefined) return;
    if (cluster.status?.howdah?.verification !== undefined) return;
    const startedAt = new Date();
    const found = await verifyDatabases({ host: paths.sockets, port, user: 'postgres' }, signal);
    const restored = await readRestored(paths.state);
    const { problems, ...counts } = found;
    const verification = {
      ...counts,
      problems: problems.map((problem) => problem.slice(0, 512)),
      startedAt: kubeTime(startedAt),
      endedAt: kubeTime(new Date()),
      ...(restored && { backupId: restored.backupId }),
      ...(restored?.lastTransaction !== undefined && { recoveredTo: kubeTime(new Date(restored.lastTransaction)) }),
    };
    log.info({ verification }, 'The restored database was checked');
    await changeClusterStatus(
      kube,
      { namespace, name },
      (status) => {
        status['howdah'] = { ...(status['howdah'] as object | undefined), verification };
        return true;
      },
      signal,
    );
  };
}
