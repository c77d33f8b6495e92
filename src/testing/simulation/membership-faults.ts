// Faults of the set and its members, with what an operator does about them: a set that is changed for a while, a volume that is lost
// and cloned anew, a cluster that is scaled down and up again.
import { decodeLease } from '../../instance/ha/core/lease-record.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { Lease } from '../../kube/objects.ts';
import { resource } from '../../kube/resource-types.ts';
import type { Act } from './fault.ts';
import type { Machine } from './machine.ts';
import { type Mode, modes } from './modes.ts';
import { clusterKey as key } from './names.ts';
import { copyData, type World } from './world.ts';

const lookEveryMs = 300;

const clusterOf = ({ api }: World): Cluster => api.store.get(resource.clusters, key) as unknown as Cluster;

function ask(world: World, mode: keyof typeof modes): void {
  const synchronous = modes[mode] ?? null;
  world.note('', `the Cluster asks for ${mode}`);
  world.api.store.patch(resource.clusters, key, { spec: { postgresql: { synchronous } } }, 'all');
}

/** The fault's other: a mode. */
export const changeSet: Act = (world, _machine, { other }) => ask(world, other as Mode);
export const restoreSet: Act = (world) => ask(world, world.mode);

export const loseVolume: Act = (_world, machine) => machine.loseVolume();

/** A join: a base backup of whoever serves, as soon as somebody does, as the member that the list has or gets. */
export function cloneAnew(world: World, machine: Machine): void {
  const primary = world.machines.find(({ postgres }) => postgres?.serves === true);
  if (!machine.volumeLost) return;
  if (!primary || primary === machine) {
    world.scheduler.after(lookEveryMs, () => cloneAnew(world, machine));
    return;
  }
  machine.files.removeTree(machine.paths.data);
  copyData(primary, machine.files, machine.data);
  machine.layOut();
  machine.volumeLost = false;
  machine.note(`a new volume, cloned from ${primary.name}`);
  listed(world, machine.name, true);
  machine.powerOn(world.newAddress());
}

const listed = (world: World, name: string, wanted: boolean): void => {
  const { status } = clusterOf(world);
  const others = (status?.instanceNames ?? []).filter((other) => other !== name);
  const instanceNames = wanted ? [...others, name].sort() : others;
  world.api.store.patch(resource.clusters, key, { status: { instanceNames } }, 'status');
  world.api.store.patch(resource.clusters, key, { spec: { instances: instanceNames.length } }, 'all');
};

/** Whether the lease still counts on it (rules 19, 28). */
function isCounted(world: World, name: string): boolean {
  const lease = world.api.store.get(resource.leases, key) as Lease | undefined;
  const record = lease ? decodeLease(lease) : 'blank';
  if (record === 'blank') return true;
  return [...record.members, ...record.configurations.flatMap(({ names }) => names)].some(
    ({ instance }) => instance === name,
  );
}

/** Out of the list first, away when the lease knows it no more. Never the primary, and never one that the set cannot do without. */
export const scaleDown: Act = (world, machine, { at, lasts }) => {
  const { spec, status } = clusterOf(world);
  const enough = (spec.postgresql?.synchronous?.number ?? 0) < spec.instances - 1 && spec.instances > 2;
  if (!enough || status?.currentPrimary === machine.name || status?.targetPrimary === machine.name) return;
  listed(world, machine.name, false);
  const look = (): void => {
    if (world.scheduler.now >= at + lasts) return;
    if (isCounted(world, machine.name) || clusterOf(world).status?.currentPrimary === machine.name) {
      world.scheduler.after(lookEveryMs, look);
      return;
    }
    machine.note('removed: the lease counts on it no more');
    machine.loseVolume();
  };
  world.scheduler.after(lookEveryMs, look);
};

export const scaleUp: Act = (world, machine) => {
  if (machine.volumeLost) cloneAnew(world, machine);
  else listed(world, machine.name, true);
};
