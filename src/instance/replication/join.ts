import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import * as naming from '../../naming.ts';
import type { InstancePaths } from '../../paths.ts';
import { clone } from './clone.ts';
import { ReplicationConnection, type ServerAddress } from './connection.ts';
import { patientReads } from './patient-api.ts';
import { reserveSlot } from './slot.ts';

/** What a clone needs to know of a Cluster. */
export interface JoinCluster extends KubeObject {
  spec?: {
    walStorage?: unknown;
    certificates?: { serverCASecret?: string; serverTLSSecret?: string; replicationTLSSecret?: string };
    replicationSlots?: { highAvailability?: { enabled?: boolean; slotPrefix?: string } };
  };
  status?: {
    currentPrimary?: string;
    instancesReportedState?: Record<string, { ip?: string }>;
  };
}

export interface JoinDeps {
  readonly kube: Pick<KubeApi, 'get'>;
  readonly namespace: string;
  readonly clusterName: string;
  /** The instance that is made. */
  readonly instanceName: string;
  readonly paths: InstancePaths;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

async function secretValue(deps: JoinDeps, name: string, key: string): Promise<string> {
  const { kube, namespace, signal } = deps;
  const secret = await kube.get<Secret>(resource.secrets, { namespace, name }, { signal });
  const value = secret?.data?.[key];
  if (value === undefined) throw new Error(`Secret "${name}" ${secret ? `has no key "${key}"` : 'does not exist'}`);
  return Buffer.from(value, 'base64').toString();
}

/** A primary that has just been elected serves a moment before its status says so. */
const unpublished = 'NO_PRIMARY';

/** The primary by the address its pod reported; the service's name, which its certificate holds, is for verification. */
export async function primaryAddress(deps: JoinDeps, cluster: JoinCluster): Promise<ServerAddress> {
  const primary = cluster.status?.currentPrimary ?? '';
  if (primary === '') throw Object.assign(new Error('the cluster has no primary yet'), { code: unpublished });
  if (primary === deps.instanceName) throw new Error(`${primary} is the primary and cannot be cloned from itself`);
  const service = naming.readWriteService(deps.clusterName);
  const certificates = cluster.spec?.certificates ?? {};
  const client = certificates.replicationTLSSecret ?? naming.replicationSecret(deps.clusterName);
  const issued = certificates.serverTLSSecret === undefined;
  const trust = (issued ? undefined : certificates.serverCASecret) ?? naming.serverSecret(deps.clusterName);
  const [ca, cert, key] = await Promise.all([
    secretValue(deps, trust, 'ca.crt'),
    secretValue(deps, client, 'tls.crt'),
    secretValue(deps, client, 'tls.key'),
  ]);
  return {
    host: cluster.status?.instancesReportedState?.[primary]?.ip ?? service,
    port: naming.port.postgres,
    user: naming.role.replication,
    ssl: { ca, cert, key, servername: service },
  };
}

/** Codes of a primary that is not there yet. 57P03: it starts up, or is in recovery and not yet open. The other way round a server that refuses us is an answer. */
const notYet = new Set([unpublished, 'ECONNREFUSED', 'EHOSTUNREACH', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', '57P03']);
const patienceMs = 60_000;
const pauseMs = 200;

/** The cluster, and the address at which its primary answers: replicas are begun while the first instance still starts. */
async function answeringPrimary(deps: JoinDeps): Promise<{ cluster: JoinCluster; primary: ServerAddress }> {
  const { kube, namespace, clusterName: name, signal, log } = deps;
  for (const began = performance.now(); ; await delay(pauseMs, undefined, { signal })) {
    const cluster = await kube.get<JoinCluster>(resource.clusters, { namespace, name }, { signal });
    if (!cluster) throw new Error(`Cluster "${name}" does not exist`);
    try {
      const primary = await primaryAddress(deps, cluster);
      await using _ = await ReplicationConnection.open(primary, signal);
      return { cluster, primary };
    } catch (error) {
      if (!notYet.has((error as NodeJS.ErrnoException).code ?? '') || performance.now() - began > patienceMs)
        throw error;
      log.debug({ err: error }, 'The primary does not answer yet');
    }
  }
}

/** `howdah instance join`: makes PGDATA a copy of the primary's. Ready for `instance run`, which writes the configuration. */
export async function runJoin(given: JoinDeps): Promise<void> {
  const deps = { ...given, kube: patientReads(given.kube, given.signal) };
  const { instanceName, paths, log, signal } = deps;
  const { cluster, primary } = await answeringPrimary(deps);
  const slots = cluster.spec?.replicationSlots?.highAvailability ?? {};
  if (slots.enabled !== false) {
    await reserveSlot(primary, naming.slotName(slots.slotPrefix ?? '_cnpg_', instanceName), signal);
  }
  const place = {
    data: paths.data,
    wal: cluster.spec?.walStorage === undefined ? undefined : paths.wal,
    tablespaces: paths.tablespaces,
  };
  const begun = Date.now();
  const made = await clone(primary, place, { label: `howdah join ${instanceName}`, log, signal });
  log.info(
    { seconds: (Date.now() - begun) / 1000 },
    made ? 'Cloned and verified' : 'The data directory is already there',
  );
}
