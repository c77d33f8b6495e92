import type { Pod } from '../../src/kube/objects.ts';
import { getCluster, instancePods } from './cluster.ts';
import type { Subject } from './subject.ts';
import { waitFor } from './wait.ts';

/** Every instance answers and one of them is no standby: its name. Two that are none are an error at once. */
export async function oneOnly(subject: Subject): Promise<string> {
  const { platform, namespace, cluster } = subject;
  const found = await waitFor(
    'every instance to answer, and one of them to be primary',
    async () => {
      const { spec, status } = (await getCluster(platform.api, namespace, cluster)) ?? {};
      const all = await roles(subject);
      const primaries = all.filter(({ standby }) => !standby).map(({ name }) => name);
      const settled = all.length === spec?.instances && primaries[0] === status?.currentPrimary;
      return settled || primaries.length > 1 ? primaries : undefined;
    },
    { timeout: 120_000 },
  );
  if (found.length > 1) throw new Error(`two primaries: ${found.join(' and ')}`);
  return found[0] ?? '';
}

async function roles(subject: Subject): Promise<{ name: string; standby: boolean }[]> {
  const pods = await instancePods(subject.platform.api, subject.namespace, subject.cluster);
  return Promise.all(
    pods.map(async ({ metadata }: Pod) => {
      const name = metadata?.name ?? '';
      await using session = await subject.session({ instance: name });
      const { rows } = await session.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
      return { name, standby: rows[0]?.standby ?? false };
    }),
  );
}
