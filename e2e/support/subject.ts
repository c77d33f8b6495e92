import type pg from 'pg';
import type { Lease } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { annotation } from '../../src/labels.ts';
import { isReady } from '../../src/operator/cluster/world.ts';
import { type ClusterObject, getCluster, instancePods, isHealthy, waitForCluster } from './cluster.ts';
import type { PodName } from './faults/processes.ts';
import type { Platform } from './platform.ts';
import { connect, type Session } from './sql.ts';
import { waitFor } from './wait.ts';

interface Member {
  readonly instance: string;
  readonly incarnation: string;
}

/** The part of the lease's record that tests read. */
export interface LeaseRecord {
  /** Of the object. */
  readonly version: string;
  readonly epoch: number;
  readonly members: readonly Member[];
  readonly configurations: readonly { readonly number: number; readonly names: readonly Member[] }[];
}

/** One cluster that tests do something to. */
export class Subject {
  readonly platform: Platform;
  readonly namespace: string;
  readonly cluster: string;

  constructor(platform: Platform, namespace: string, cluster: string) {
    this.platform = platform;
    this.namespace = namespace;
    this.cluster = cluster;
  }

  /** By the status and by the pods themselves: of one that has just gone the operator may not know yet, least of all while it is away. */
  healthy(timeout = 180_000): Promise<ClusterObject> {
    const { namespace, cluster } = this;
    const { api } = this.platform;
    let ready = 0;
    const done = (found: ClusterObject): boolean => isHealthy(found) && ready === found.spec.instances;
    return waitForCluster(api, namespace, cluster, done, 'health', timeout, async () => {
      ready = (await instancePods(api, namespace, cluster)).filter(isReady).length;
    });
  }

  pod(name: string): PodName {
    return { platform: this.platform, namespace: this.namespace, pod: name };
  }

  async primary(): Promise<string> {
    return (await getCluster(this.platform.api, this.namespace, this.cluster))?.status?.currentPrimary ?? '';
  }

  async standbys(): Promise<string[]> {
    const primary = await this.primary();
    const pods = await instancePods(this.platform.api, this.namespace, this.cluster);
    return pods.map(({ metadata }) => metadata?.name ?? '').filter((name) => name !== primary);
  }

  anotherPrimary(than: string): Promise<string> {
    return waitFor(
      `another primary than ${than}`,
      async () => {
        const now = await this.primary();
        return now === than ? undefined : now;
      },
      { timeout: 120_000 },
    );
  }

  /** Opened once, so it waits as long as a handshake may take on a busy machine. */
  session(
    to: 'rw' | { instance: string } = 'rw',
    as: 'app' | 'superuser' = 'app',
    overrides: pg.ClientConfig = {},
  ): Promise<Session> {
    const target = { namespace: this.namespace, cluster: this.cluster, to, as };
    return connect(this.platform.api, target, { connectionTimeoutMillis: 20_000, ...overrides });
  }

  /** With time to hand over even on a busy machine: one that is killed may be back as primary before its lease has run out. */
  deletePod(name: string, gracePeriodSeconds = 30): Promise<unknown> {
    return this.platform.api.delete(resource.pods, { namespace: this.namespace, name }, { gracePeriodSeconds });
  }

  switchOver(to: string): Promise<unknown> {
    const key = { namespace: this.namespace, name: this.cluster };
    return this.platform.api.patchStatus(resource.clusters, key, { status: { targetPrimary: to } });
  }

  /** What the lease says. */
  async lease(): Promise<LeaseRecord> {
    const key = { namespace: this.namespace, name: this.cluster };
    const lease = await this.platform.api.get<Lease>(resource.leases, key);
    const text = lease?.metadata?.annotations?.[annotation.lease] ?? '{}';
    const version = lease?.metadata?.resourceVersion ?? '';
    return { epoch: 0, members: [], configurations: [], ...(JSON.parse(text) as Partial<LeaseRecord>), version };
  }

  async epoch(): Promise<number> {
    return (await this.lease()).epoch;
  }

  /** Waits until one synchronous configuration is in force, of so many standbys. */
  settled(standbys: number): Promise<LeaseRecord> {
    return waitFor(
      `a set of ${standbys} standbys`,
      async () => {
        const found = await this.lease();
        const [configuration, ...others] = found.configurations;
        return others.length === 0 && configuration?.names.length === standbys ? found : undefined;
      },
      { timeout: 120_000 },
    );
  }

  patch(spec: Record<string, unknown>): Promise<unknown> {
    return this.platform.api.patch(resource.clusters, { namespace: this.namespace, name: this.cluster }, { spec });
  }
}
