import { createCluster, isHealthy, waitForCluster } from '../../../e2e/support/cluster.ts';
import { settled } from '../../../e2e/support/faults/settled.ts';
import type { Platform } from '../../../e2e/support/platform.ts';
import { openNamespace } from '../../../e2e/support/shared.ts';
import { connectionConfig } from '../../../e2e/support/sql.ts';

export const modes = ['asynchronous', 'synchronous'] as const;
export type Mode = (typeof modes)[number];

const cluster = 'bench';
const sections: Record<Mode, Record<string, unknown>> = {
  asynchronous: {},
  synchronous: { postgresql: { synchronous: { method: 'any', number: 1, dataDurability: 'required' } } },
};

/** The cluster that is harmed again and again: three instances of PostgreSQL 18 with the default lease (15/10/2). */
export interface Subject {
  readonly platform: Platform;
  readonly namespace: string;
  readonly cluster: string;
  /** The name of the primary once all is well: three instances ready, two of them streaming. */
  settled(): Promise<string>;
  /** Connections to the service or to one instance; asked of the API once, so that a client that reconnects waits for PostgreSQL alone. */
  connections(to: 'rw' | { readonly instance: string }): Promise<() => ReturnType<typeof connectionConfig>>;
}

/** Healthy; gone when the resources are disposed of. */
export async function openSubject(platform: Platform, mode: Mode, resources: AsyncDisposableStack): Promise<Subject> {
  const { api } = platform;
  const { name: namespace } = resources.use(await openNamespace(platform, `bench-${mode.slice(0, -'hronous'.length)}`));
  await createCluster(platform, namespace, cluster, { instances: 3, ...sections[mode] });
  await waitForCluster(api, namespace, cluster, isHealthy, 'health', 180_000);
  return {
    platform,
    namespace,
    cluster,
    settled: () => settled(platform, namespace, cluster),
    connections: async (to) => {
      const config = await connectionConfig(api, { namespace, cluster, to });
      return () => Promise.resolve(config);
    },
  };
}
