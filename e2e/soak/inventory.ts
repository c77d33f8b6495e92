import type { Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import type { ResourceType } from '../../src/kube/types.ts';
import { operatorNamespace, slotName } from '../../src/naming.ts';
import { instancePods } from '../support/cluster.ts';
import type { Subject } from '../support/subject.ts';
import { type Process, processesOf } from './processes.ts';

/** What a healthy cluster without clients holds; sums over its instances where nothing else is said. */
export interface Inventory {
  /** Worst resident memory of a Node process, MiB. */
  readonly operatorMiB: number;
  readonly managerMiB: number;
  readonly processes: number;
  /** Ended, and reaped by nobody. */
  readonly zombies: number;
  /** Of our own programs: PostgreSQL keeps those of each table that it has touched (max_files_per_process). */
  readonly files: number;
  readonly sockets: number;
  /** Files and sockets of the operator. */
  readonly operatorFiles: number;
  /** Of its instances, and what should have been dropped: what is left of one that is gone is kept for a while. */
  readonly slots: number;
  readonly walSegments: number;
  readonly pods: number;
  readonly jobs: number;
  readonly volumes: number;
  readonly secrets: number;
  readonly services: number;
  readonly leases: number;
}

/** What may not be exceeded, whatever was found at first. Memory: docs/benchmarks.md has the targets, this is after hours of faults. */
const ceilings = { operatorMiB: 200, managerMiB: 120, zombies: 0, walSegments: 200 } as const;
/** How much more there may be than at first. What is not named may not grow at all. */
const growth: Partial<Record<keyof Inventory, number>> = { processes: 9, files: 60, sockets: 30, operatorFiles: 20 };

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const worst = (processes: readonly Process[]): number =>
  Math.max(0, ...processes.filter(({ command }) => /\/bin\/node/.test(command)).map(({ mebibytes }) => mebibytes));
const isPostgres = ({ command }: Process): boolean => /^(\S*\/)?postgres/.test(command);
const nameOf = ({ metadata }: Pod): string => metadata?.name ?? '';

async function operatorProcesses({ platform }: Subject): Promise<Process[]> {
  const { items } = await platform.api.list<Pod>(resource.pods, { namespace: operatorNamespace });
  const running = items.filter(({ status, metadata }) => status?.phase === 'Running' && !metadata?.deletionTimestamp);
  const found = await Promise.all(
    running.map((pod) =>
      processesOf(platform, { namespace: operatorNamespace, name: nameOf(pod), container: 'manager' }),
    ),
  );
  return found.flat();
}

/** The primary drops a slot ten minutes after its instance has gone, and standbys their copies then (src/instance/slots). */
const leftOverMs = 900_000;
/** Since when slots are seen that belong to no instance, by `instance/slot`. */
export type LeftOver = Map<string, number>;

async function servers(
  subject: Subject,
  instances: readonly string[],
  leftOver: LeftOver,
): Promise<{ slots: number; segments: number }> {
  const found = { slots: 0, segments: 0 };
  const known = instances.map((name) => slotName('_cnpg_', name));
  for (const instance of instances) {
    await using session = await subject.session({ instance }, 'superuser');
    const { rows } = await session.query<{ slots: string[]; segments: number }>(
      `select (select coalesce(array_agg(slot_name::text), '{}') from pg_replication_slots) as slots,
              (select count(*)::int from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$') as segments`,
    );
    for (const slot of rows[0]?.slots ?? []) {
      const where = `${instance}/${slot}`;
      if (known.includes(slot)) leftOver.delete(where);
      else if (!leftOver.has(where)) leftOver.set(where, Date.now());
      if (Date.now() - (leftOver.get(where) ?? 0) > leftOverMs) found.slots += 1;
    }
    found.segments += rows[0]?.segments ?? 0;
  }
  return found;
}

export async function takeInventory(subject: Subject, leftOver: LeftOver): Promise<Inventory> {
  const { platform, namespace, cluster } = subject;
  const count = async (type: ResourceType): Promise<number> =>
    (await platform.api.list(type, { namespace })).items.length;
  const names = (await instancePods(platform.api, namespace, cluster)).map(nameOf);
  const each = await Promise.all(
    names.map((name) => processesOf(platform, { namespace, name, container: 'postgres' })),
  );
  const all = each.flat();
  const operator = await operatorProcesses(subject);
  const { slots, segments } = await servers(subject, names, leftOver);
  return {
    operatorMiB: worst(operator),
    managerMiB: worst(all),
    processes: all.length,
    zombies: [...all, ...operator].filter(({ state }) => state === 'Z').length,
    files: sum(all.filter((one) => !isPostgres(one)).map(({ files }) => files)),
    sockets: sum(all.map(({ sockets }) => sockets)),
    operatorFiles: sum(operator.map(({ files }) => files)),
    slots,
    walSegments: segments,
    pods: await count(resource.pods),
    jobs: await count(resource.jobs),
    volumes: await count(resource.persistentVolumeClaims),
    secrets: await count(resource.secrets),
    services: await count(resource.services),
    leases: await count(resource.leases),
  };
}

/** What there is too much of, compared with `first`; empty when nothing leaks. */
export function leaks(first: Inventory, now: Inventory): string[] {
  return (Object.keys(now) as (keyof Inventory)[]).flatMap((name) => {
    // One on each instance for each other one; they come when standbys do, so the first count may be lower.
    if (name === 'slots' && now.slots <= now.pods * (now.pods - 1)) return [];
    const ceiling = name in ceilings ? ceilings[name as keyof typeof ceilings] : first[name] + (growth[name] ?? 0);
    return now[name] > ceiling ? [`${name} ${Math.round(now[name])} of at most ${ceiling}`] : [];
  });
}

export const text = (inventory: Inventory): string =>
  Object.entries(inventory)
    .map(([name, value]) => `${name} ${Math.round(value as number)}`)
    .join(', ');
