import { isHealthy, waitForCluster } from '../cluster.ts';
import type { Platform } from '../platform.ts';
import { connect } from '../sql.ts';
import { waitFor } from '../wait.ts';

/** The name of the primary once every other instance streams from it. */
export async function settled({ api }: Platform, namespace: string, cluster: string): Promise<string> {
  return waitFor(
    `all standbys of ${cluster} streaming`,
    async () => {
      const found = await waitForCluster(api, namespace, cluster, isHealthy, 'health', 180_000);
      await using session = await connect(api, { namespace, cluster, to: 'rw' });
      const { rows } = await session.query<{ streaming: number; standby: boolean }>(
        'select count(*)::int as streaming, pg_is_in_recovery() as standby from pg_stat_replication',
      );
      const all = rows[0]?.streaming === found.spec.instances - 1 && !rows[0].standby;
      return all ? found.status?.currentPrimary : undefined;
    },
    { timeout: 180_000 },
  );
}
