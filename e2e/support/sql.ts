import pg from 'pg';
import type { Cluster } from '../../src/api/generated/cluster.ts';
import type { Pod, Secret, Service } from '../../src/kube/objects.ts';
import type { KubeApi } from '../../src/kube/port.ts';
import { resource } from '../../src/kube/resource-types.ts';
import {
  appSecret,
  caSecret,
  readOnlyService,
  readService,
  readWriteService,
  superuserSecret,
} from '../../src/naming.ts';

export interface Target {
  readonly namespace: string;
  readonly cluster: string;
  /** A service of the cluster, or the name of one instance. */
  readonly to: 'rw' | 'ro' | 'r' | { readonly instance: string };
  readonly as?: 'app' | 'superuser';
}

const services = { rw: readWriteService, ro: readOnlyService, r: readService };
const decode = (secret: Secret | undefined, key: string): string => {
  const value = secret?.data?.[key];
  if (value === undefined) throw new Error(`no key ${key} in Secret ${secret?.metadata?.name ?? '(missing)'}`);
  return Buffer.from(value, 'base64').toString();
};

async function address(api: KubeApi, target: Target): Promise<string> {
  const { namespace, cluster, to } = target;
  if (typeof to === 'object') {
    const pod = await api.get<Pod>(resource.pods, { namespace, name: to.instance });
    if (!pod?.status?.podIP) throw new Error(`pod ${to.instance} has no address`);
    return pod.status.podIP;
  }
  const name = services[to](cluster);
  const service = await api.get<Service>(resource.services, { namespace, name });
  if (!service?.spec?.clusterIP) throw new Error(`service ${name} has no address`);
  return service.spec.clusterIP;
}

/** The Secret with the authority of the servers: the cluster's own, or the user's. */
async function authoritySecret(api: KubeApi, namespace: string, name: string): Promise<string> {
  const cluster = await api.get<Cluster>(resource.clusters, { namespace, name });
  return cluster?.spec.certificates?.serverCASecret ?? caSecret(name);
}

/** What libpq users put together from the cluster's Secrets: SCRAM password, TLS verified against the cluster's CA by service name. */
export async function connectionConfig(api: KubeApi, target: Target): Promise<pg.ClientConfig> {
  const { namespace, cluster, as = 'app' } = target;
  const [credentials, authority, host] = await Promise.all([
    api.get<Secret>(resource.secrets, {
      namespace,
      name: as === 'app' ? appSecret(cluster) : superuserSecret(cluster),
    }),
    authoritySecret(api, namespace, cluster).then((name) => api.get<Secret>(resource.secrets, { namespace, name })),
    address(api, target),
  ]);
  return {
    host,
    port: 5432,
    user: decode(credentials, 'username'),
    password: decode(credentials, 'password'),
    database: as === 'app' ? decode(credentials, 'dbname') : 'postgres',
    ssl: {
      ca: decode(authority, 'ca.crt'),
      checkServerIdentity: () => undefined,
      servername: readWriteService(cluster),
    },
    connectionTimeoutMillis: 5000,
    query_timeout: 30_000,
  };
}

export type Session = pg.Client & AsyncDisposable;

/** Opens one session, for `await using`. */
export async function connect(api: KubeApi, target: Target, overrides: pg.ClientConfig = {}): Promise<Session> {
  const client = new pg.Client({ ...(await connectionConfig(api, target)), ...overrides });
  // A session that a fault test cuts must not end the test's process; its next query says what happened.
  client.on('error', () => undefined);
  await client.connect();
  return Object.assign(client, {
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await client.end().catch(() => undefined);
    },
  });
}

/** Row count and a digest of all rows, in the order of their text, so that two equal tables on any two servers give equal answers. */
export async function fingerprint(session: pg.Client, table: string): Promise<{ rows: number; digest: string }> {
  const name = pg.escapeIdentifier(table);
  const { rows } = await session.query<{ rows: string; digest: string }>(
    `select count(*) as rows, coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') as digest from ${name} t`,
  );
  const [row] = rows;
  return { rows: Number(row?.rows), digest: row?.digest ?? '' };
}
