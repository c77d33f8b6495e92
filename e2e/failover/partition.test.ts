// The network of the primary's node is broken in every way, with sessions on that node that were open before. Only where a node has a
// network of its own: on the three-node Kubernetes of e2e/kube.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { longestOverlap } from '../support/checker/overlap.ts';
import type { Fault } from '../support/faults/fault.ts';
import { insideSession } from '../support/faults/inside-session.ts';
import { type NetworkFaults, networkFaults } from '../support/faults/network.ts';
import { nodeOf } from '../support/faults/nodes.ts';
import { modes, Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { connectionConfig } from '../support/sql.ts';

const network = networkFaults();
if (!network) {
  process.stdout.write(
    'partitions SKIPPED here: the pods of the embedded engine share one network, the loopback interface\n',
  );
}
const kinds: [string, (faults: NetworkFaults, node: string) => Promise<Fault>, 'moves' | 'stays'][] = [
  ['F1 F2 the node of the primary is cut off from everything', (faults, node) => faults.cutOff(node), 'moves'],
  ['F1 nothing that the node of the primary sends arrives', (faults, node) => faults.mute(node), 'moves'],
  ['the node of the primary is cut off from the API server alone', (faults, node) => faults.cutFromApi(node), 'stays'],
  ['the node of the primary is cut off from the other nodes', (faults, node) => faults.cutFromPeers(node), 'stays'],
];

(network ? describe : describe.skip).each(modes)('%s', (mode) => {
  let scenario: Scenario;
  beforeAll(async () => {
    scenario = await Scenario.open(openShared(), { name: `partition-${mode.slice(0, 4)}`, mode });
  });
  beforeEach(() => scenario.healthy());
  afterAll(() => scenario?.[Symbol.asyncDispose]());

  test.each(kinds)('%s: nobody acknowledges after another has begun', async (title, cut, role) => {
    if (!network) return;
    const { platform, namespace, cluster } = scenario;
    const inside: { by: string; sent: number; id: number }[] = [];
    let cutAt = 0;
    const outcome = await scenario.under(title, {
      mayLose: role === 'moves',
      do: async (primary) => {
        const node = await nodeOf(scenario.pod(primary));
        await using admin = await scenario.session();
        await admin.query('drop table if exists inside');
        await admin.query('create table inside (id bigint)');
        const config = await connectionConfig(platform.api, { namespace, cluster, to: { instance: primary } });
        await using session = await insideSession(node, config, 'inside');
        await sleep(1500);
        expect(session.acknowledgements.length).toBeGreaterThan(10);
        cutAt = Date.now();
        await using _cut = await cut(network, node);
        if (role === 'moves') await scenario.anotherPrimary(primary);
        await sleep(25_000);
        if (role === 'moves') expect(session.ended).toBe(true);
        inside.push(...session.acknowledgements);
      },
    });
    const overlap = longestOverlap([...outcome.acknowledgements, ...inside]);
    expect(overlap).toBeUndefined();
    await using reader = await scenario.session();
    const { rows } = await reader.query<{ id: string }>('select id from inside');
    const kept = new Set(rows.map(({ id }) => Number(id)));
    const late = inside.filter(({ sent }) => sent > cutAt);
    const lost = inside.filter(({ id }) => !kept.has(id));
    scenario.say(`${title}: on the node itself ${late.length} acknowledged after the cut, ${lost.length} of all lost`);
    if (role === 'stays' || mode === 'synchronous') expect(lost).toEqual([]);
    if (role === 'stays') expect(outcome.after).toBe(outcome.before);
    else expect(outcome.after).not.toBe(outcome.before);
  });
});
