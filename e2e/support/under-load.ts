import type { KubeApi } from '../../src/kube/port.ts';
import { connect, connectionConfig } from './sql.ts';
import { expectSound } from './verdict.ts';
import { waitFor } from './wait.ts';
import { WriteLoad } from './write-load.ts';

export interface Loaded {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly cluster: string;
}

/**
 * Changes something under a write load and waits until it has `settled`; nothing that was acknowledged may be lost, and no two may
 * acknowledge in the same time. Returns a line about the longest gap.
 */
export async function underLoad(
  { api, namespace, cluster }: Loaded,
  name: string,
  change: () => Promise<unknown>,
  settled: () => Promise<unknown>,
): Promise<string> {
  const table = name.replaceAll(/\W+/g, '_');
  const rw = { namespace, cluster, to: 'rw' } as const;
  const load = await WriteLoad.start(() => connectionConfig(api, rw), { table });
  try {
    await waitFor('writes', async () => (load.count > 50 ? true : undefined));
    await change();
    await settled();
    const since = load.count;
    await waitFor('writes afterwards', async () => (load.count > since + 50 ? true : undefined));
  } finally {
    // Clients that go on would keep the test's process from ending.
    await load.stop();
  }
  const report = await load.stop();
  await using session = await connect(api, rw);
  await expectSound(session, report, table);
  return `${name}: ${Math.round(report.longestGap)} ms of ${report.acknowledged.size} writes`;
}
