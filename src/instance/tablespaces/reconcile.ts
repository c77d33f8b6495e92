import type { Cluster } from '../../api/generated/cluster.ts';
import type { Pod } from '../../kube/objects.ts';
import { resource } from '../../kube/resource-types.ts';
import { tablespaceVolume } from '../../naming.ts';
import { quoteIdentifier, quoteLiteral } from '../../postgres/quote.ts';
import type { InstanceContext } from '../context/context.ts';
import { servesAsPrimary, type InstanceView } from '../world/view.ts';
import { changeClusterStatus } from '../wal/condition.ts';
import { tablespaceLocation } from '../postmaster/tablespaces.ts';

type Wish = NonNullable<Cluster['spec']['tablespaces']>[number];
type State = NonNullable<NonNullable<Cluster['status']>['tablespacesStatus']>[number];

/** An instance that replays the creation of a tablespace without its volume cannot go on: all must have it before. */
async function withoutVolume(
  { kube, environment }: InstanceContext,
  cluster: Cluster,
  name: string,
): Promise<string[]> {
  const { namespace } = environment;
  const without: string[] = [];
  for (const instance of cluster.status?.instanceNames ?? []) {
    const pod = await kube.get<Pod>(resource.pods, { namespace, name: instance });
    const has = pod?.spec?.volumes?.some((volume) => volume.name === tablespaceVolume(name));
    // One that has no pod gets it with its next one.
    if (pod && has !== true) without.push(instance);
  }
  return without;
}

async function ensure(
  context: InstanceContext,
  cluster: Cluster,
  wish: Wish,
  owner: string | undefined,
): Promise<State> {
  const { session, environment, log } = context;
  const { name } = wish;
  const wanted = wish.owner?.name ?? 'postgres';
  const state = { name, owner: wanted };
  try {
    if (owner === undefined) {
      const waiting = await withoutVolume(context, cluster, name);
      if (waiting.length > 0)
        return { ...state, state: 'pending', error: `${waiting.join(', ')} has no volume for it yet` };
      const location = quoteLiteral(tablespaceLocation(environment.paths.root, name));
      await session.query(
        `CREATE TABLESPACE ${quoteIdentifier(name)} OWNER ${quoteIdentifier(wanted)} LOCATION ${location}`,
      );
      log.info({ tablespace: name, owner: wanted }, 'Tablespace made');
    } else if (owner !== wanted) {
      await session.query(`ALTER TABLESPACE ${quoteIdentifier(name)} OWNER TO ${quoteIdentifier(wanted)}`);
      log.info({ tablespace: name, owner: wanted }, 'Tablespace has another owner');
    }
    return { ...state, state: 'reconciled' };
  } catch (error) {
    return { ...state, state: 'pending', error: error instanceof Error ? error.message : String(error) };
  }
}

/** As primary: makes the tablespaces that the Cluster names and keeps their owners (reference §2.25). What it does not name stays. */
export function reconcileTablespaces(context: InstanceContext): (view: InstanceView) => Promise<void> {
  const { session, environment, kube, log, signal } = context;
  const key = { namespace: environment.namespace, name: environment.clusterName };
  let said = '';
  return async (view) => {
    const { cluster } = view;
    const wishes = cluster?.spec.tablespaces ?? [];
    if (!cluster || !servesAsPrimary(view) || wishes.length + (cluster.status?.tablespacesStatus ?? []).length === 0)
      return;
    const found = await session.query<{ name: string; owner: string }>(
      'SELECT spcname AS name, pg_catalog.pg_get_userbyid(spcowner) AS owner FROM pg_catalog.pg_tablespace',
    );
    const states: State[] = [];
    for (const wish of wishes) {
      const owner = found.find(({ name }) => name === wish.name)?.owner;
      states.push(await ensure(context, cluster, wish, owner));
    }
    const problems = states.filter(({ error }) => error !== undefined);
    const text = JSON.stringify(problems);
    if (text !== said && problems.length > 0)
      log.warn({ tablespaces: problems }, 'Tablespaces are not all as they should be');
    said = text;
    await changeClusterStatus(
      kube,
      key,
      (status) => {
        if (JSON.stringify(status['tablespacesStatus'] ?? []) === JSON.stringify(states)) return false;
        status['tablespacesStatus'] = states;
        return true;
      },
      signal,
    );
  };
}
