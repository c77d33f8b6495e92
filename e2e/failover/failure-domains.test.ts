// Synchronous standbys are kept in other failure domains than the primary, by labels of the nodes, and the set follows the labels.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { getCluster } from '../support/cluster.ts';
import { Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

const platform = openShared();
const { api } = platform;
const key = 'e2e.howdah.dev/domain';
const labelled = new Set<string>();
let scenario: Scenario;

beforeAll(async () => {
  scenario = await Scenario.open(platform, {
    name: 'domains',
    spec: {
      affinity: { podAntiAffinityType: 'required' },
      postgresql: { synchronous: { method: 'any', number: 1, nodeFailureDomainKeys: [key] } },
    },
  });
});
afterAll(async () => {
  await Promise.all([...labelled].map((node) => label(node, null)));
  await scenario?.[Symbol.asyncDispose]();
});

async function label(node: string, domain: string | null): Promise<void> {
  labelled.add(node);
  await api.patch(resource.nodes, { name: node }, { metadata: { labels: { [key]: domain } } });
}

async function nodeOf(instance: string): Promise<string> {
  const pod = await api.get<Pod>(resource.pods, { namespace: scenario.namespace, name: instance });
  return pod?.spec?.nodeName ?? '';
}

const becomes = (names: string, reason: string): Promise<true> =>
  waitFor(
    `${names}, ${reason}`,
    async () => {
      await using session = await scenario.session();
      const { rows } = await session.query<{ synchronous_standby_names: string }>('show synchronous_standby_names');
      const { status } = (await getCluster(api, scenario.namespace, scenario.cluster)) ?? {};
      const said = status?.conditions?.find(({ type }) => type === 'SyncReplicationTopologySatisfied');
      return rows[0]?.synchronous_standby_names === names && said?.reason === reason ? true : undefined;
    },
    { timeout: 60_000 },
  );

test('only a standby of another failure domain is synchronous, and all are where there is none', async () => {
  await scenario.healthy();
  const primary = await scenario.primary();
  const [near = '', far = ''] = (await scenario.standbys()).sort();
  await label(await nodeOf(primary), 'north');
  await label(await nodeOf(near), 'north');
  await label(await nodeOf(far), 'south');
  await becomes(`ANY 1 ("${far}")`, 'Satisfied');
  await label(await nodeOf(far), 'north');
  await waitFor('both', async () => {
    await using session = await scenario.session();
    const { rows } = await session.query<{ synchronous_standby_names: string }>('show synchronous_standby_names');
    const names = rows[0]?.synchronous_standby_names ?? '';
    return names.includes(near) && names.includes(far) ? true : undefined;
  });
  await label(await nodeOf(near), 'south');
  await becomes(`ANY 1 ("${near}")`, 'Satisfied');
  expect(await scenario.primary()).toBe(primary);
});
