// What goes wrong with an operator, and what people do to a cluster that has one.
import type { Cluster } from '../../../api/generated/cluster.ts';
import { resource } from '../../../kube/resource-types.ts';
import { dataVolumeClaim } from '../../../naming.ts';
import type { Act, Fault, FaultWindow } from '../fault.ts';
import { operatorFaultKinds } from '../fault.ts';
import { clusterKey, namespace } from '../names.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** One or two more, of their own. */
export function makeOperatorFaults(random: Random, names: readonly string[], { from, to }: FaultWindow): Fault[] {
  return Array.from({ length: random.integer(1, 2) }, () => {
    const target = random.pick(names);
    return {
      ...{ kind: random.pick(operatorFaultKinds), at: random.between(from, to), target },
      ...{ lasts: random.between(200, 9000), other: random.pick(names.filter((name) => name !== target)) },
    };
  });
}

export const killOperator: Act = ({ operators }) => operators?.kill();
export const freezeOperator: Act = ({ operators }, _machine, { lasts }) => operators?.freeze(lasts);

const homes = ({ clocks }: World): string[] => [...clocks.keys()];

/** All of its pods, of whatever age. */
export const cutOperatorOff: Act = (world) => homes(world).forEach((home) => world.api.cutOff.add(home));
export const joinOperator: Act = (world) => homes(world).forEach((home) => world.api.cutOff.delete(home));

export const deafenOperator: Act = (world, { name }) => homes(world).forEach((home) => world.network.cut(name, home));
export const healOperator: Act = (world, { name }) => homes(world).forEach((home) => world.network.join(name, home));

/** kubectl delete pod. */
export const deletePod: Act = ({ api }, { name }) => api.store.delete(resource.pods, { namespace, name });

const clusterOf = ({ api }: World): Cluster => api.store.get(resource.clusters, clusterKey) as unknown as Cluster;

/** Not the only copy that there is of what was acknowledged. */
const spare = (world: World, name: string): boolean => {
  const { spec, status } = clusterOf(world);
  const number = spec.postgresql?.synchronous?.number ?? 0;
  return number < spec.instances - 1 && spec.instances > 2 && status?.currentPrimary !== name;
};

/** kubectl delete pvc: what uses it goes on until the operator has seen to it. */
export const deleteVolume: Act = (world, { name }) => {
  if (spare(world, name))
    world.api.store.delete(resource.persistentVolumeClaims, { namespace, name: dataVolumeClaim(name) });
};

const scale = ({ api }: World, instances: number): void =>
  void api.store.patch(resource.clusters, clusterKey, { spec: { instances } }, 'all');

export const scaleDownByOne: Act = (world, { name }) => {
  const { spec } = clusterOf(world);
  if (spare(world, name)) scale(world, spec.instances - 1);
};
export const scaleBack: Act = (world) => scale(world, world.options.instances);

/** The node is gone with its disk, and somebody deletes what was on it. */
export const loseNode: Act = ({ api }, machine) => {
  const { name } = machine;
  machine.powerOff();
  machine.files.wipe();
  machine.diskBroken = false;
  api.store.remove(resource.persistentVolumeClaims, { namespace, name: dataVolumeClaim(name) });
  api.store.remove(resource.pods, { namespace, name });
};
export const newNode: Act = (world, machine) => machine.powerOn(world.newAddress());
