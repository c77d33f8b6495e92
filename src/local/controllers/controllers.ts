import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../kube/types.ts';
import { keyOfObject } from '../../kube/store.ts';
import { type Plan, isDeleting, nameOf, namespaceOf, nothing, ownerKey } from './action.ts';
import { LeaseAges } from './lease-ages.ts';
import { planBudget } from './plan-budget.ts';
import { type VolumePath, planClaim } from './plan-claim.ts';
import { planDeployment } from './plan-deployment.ts';
import { planEndpoints, sliceName } from './plan-endpoints.ts';
import { planJob } from './plan-job.ts';
import { planLostPod, planNode } from './plan-node.ts';
import { planReplicaSet } from './plan-replica-set.ts';
import { planVolume } from './plan-volume.ts';
import { planSchedule } from './schedule.ts';
import type { WatchedKind, WatchedKinds, World } from './world.ts';

/** Which keys ("namespace/name") are to be planned anew when an object changes. */
type Interest = { readonly [Kind in WatchedKind]?: (object: WatchedKinds[Kind], world: World) => readonly string[] };

export interface Controller {
  readonly name: string;
  readonly interest: Interest;
  readonly plan: (namespace: string | undefined, name: string, world: World, now: number) => Plan;
}

const own = (object: KubeObject): string[] => [keyOfObject(object)];
const suffix = (): string => randomBytes(4).toString('hex').slice(0, 5);
const keysOf = (objects: readonly KubeObject[]): string[] => objects.map(keyOfObject);
const inNamespace = <T extends KubeObject>(objects: readonly T[], of: KubeObject): T[] =>
  objects.filter((it) => namespaceOf(it) === namespaceOf(of));

const unplaced = (world: World): string[] =>
  keysOf(world.pods.list().filter((pod) => pod.spec?.nodeName === undefined));

const scheduler: Controller = {
  name: 'scheduler',
  interest: {
    pods: (_, world) => unplaced(world),
    nodes: (_, world) => unplaced(world),
    persistentVolumeClaims: (_, world) => unplaced(world),
    persistentVolumes: (_, world) => unplaced(world),
    storageClasses: (_, world) => unplaced(world),
  },
  plan: (namespace, name, world, now) => {
    const pod = world.pods.get(namespace, name);
    return pod ? planSchedule(pod, world, now) : nothing;
  },
};

const jobs: Controller = {
  name: 'job',
  interest: { jobs: own, pods: (pod) => ownerKey(pod, 'Job') },
  plan: (namespace, name, world, now) => {
    const job = world.jobs.get(namespace, name);
    return job ? planJob(job, inNamespace(world.pods.list(), job), now, suffix()) : nothing;
  },
};

const replicaSets: Controller = {
  name: 'replicaset',
  interest: { replicaSets: own, pods: (pod) => ownerKey(pod, 'ReplicaSet') },
  plan: (namespace, name, world, now) => {
    const set = world.replicaSets.get(namespace, name);
    return set ? planReplicaSet(set, inNamespace(world.pods.list(), set), now, suffix) : nothing;
  },
};

const deployments: Controller = {
  name: 'deployment',
  interest: { deployments: own, replicaSets: (set) => ownerKey(set, 'Deployment') },
  plan: (namespace, name, world, now) => {
    const deployment = world.deployments.get(namespace, name);
    if (!deployment) return nothing;
    const [sets, pods] = [world.replicaSets.list(), world.pods.list()];
    return planDeployment(deployment, inNamespace(sets, deployment), inNamespace(pods, deployment), now);
  },
};

const endpoints: Controller = {
  name: 'endpointslice',
  interest: {
    services: own,
    pods: (pod, world) => keysOf(inNamespace(world.services.list(), pod)),
    endpointSlices: (slice, world) =>
      keysOf(inNamespace(world.services.list(), slice).filter((it) => sliceName(it) === nameOf(slice))),
  },
  plan: (namespace, name, world) => {
    const service = world.services.get(namespace, name);
    if (!service) return nothing;
    return planEndpoints(service, world.pods.list(), world.endpointSlices.get(namespace, sliceName(service)));
  },
};

const claims = (pathOf: VolumePath): Controller => ({
  name: 'persistentvolumeclaim',
  interest: {
    persistentVolumeClaims: own,
    persistentVolumes: (volume) => {
      const { namespace, name } = volume.spec?.claimRef ?? {};
      return namespace !== undefined && name !== undefined ? [`${namespace}/${name}`] : [];
    },
    pods: (pod) =>
      (pod.spec?.volumes ?? []).flatMap((it) =>
        it.persistentVolumeClaim ? [`${namespaceOf(pod)}/${it.persistentVolumeClaim.claimName}`] : [],
      ),
    storageClasses: (_, world) =>
      keysOf(world.persistentVolumeClaims.list().filter((it) => it.status?.phase !== 'Bound')),
    nodes: (_, world) => keysOf(world.persistentVolumeClaims.list().filter((it) => it.status?.phase !== 'Bound')),
  },
  plan: (namespace, name, world) => {
    const claim = world.persistentVolumeClaims.get(namespace, name);
    return claim ? planClaim(claim, world, pathOf) : nothing;
  },
});

const volumes: Controller = {
  name: 'persistentvolume',
  interest: {
    persistentVolumes: own,
    persistentVolumeClaims: (claim, world) =>
      keysOf(world.persistentVolumes.list().filter((it) => it.spec?.claimRef?.name === nameOf(claim))),
  },
  plan: (namespace, name, world) => {
    const volume = world.persistentVolumes.get(namespace, name);
    return volume ? planVolume(volume, world) : nothing;
  },
};

const budgets: Controller = {
  name: 'disruption',
  interest: {
    podDisruptionBudgets: own,
    pods: (pod, world) => keysOf(inNamespace(world.podDisruptionBudgets.list(), pod)),
  },
  plan: (namespace, name, world, now) => {
    const budget = world.podDisruptionBudgets.get(namespace, name);
    return budget ? planBudget(budget, world.pods.list(), now) : nothing;
  },
};

const nodes = (ages: LeaseAges): Controller => ({
  name: 'node',
  interest: {
    nodes: own,
    leases: (lease) => [nameOf(lease)],
    pods: (pod) => (pod.spec?.nodeName === undefined ? [] : [pod.spec.nodeName]),
  },
  plan: (_, name, world, now) => {
    const node = world.nodes.get(undefined, name);
    if (!node) return nothing;
    const lease = world.leases.get('kube-node-lease', name);
    return planNode(node, world.pods.list(), ages.silentFor(name, lease), now);
  },
});

/** Pods of nodes that are no more; a node that is only late to register is waited for. */
const lostPods = (firstSeen: Map<string, number>): Controller => ({
  name: 'podgc',
  interest: {
    pods: own,
    nodes: (node, world) => keysOf(world.pods.list().filter((pod) => pod.spec?.nodeName === nameOf(node))),
  },
  plan: (namespace, name, world, now) => {
    const quarantine = 40_000;
    const pod = world.pods.get(namespace, name);
    const key = `${namespace}/${name}`;
    const node = pod?.spec?.nodeName;
    if (!pod || node === undefined || world.nodes.get(undefined, node)) {
      firstSeen.delete(key);
      return nothing;
    }
    const since = firstSeen.get(key) ?? now;
    firstSeen.set(key, since);
    if (isDeleting(pod) && pod.metadata?.deletionGracePeriodSeconds === 0) return nothing;
    return now - since >= quarantine ? planLostPod(pod) : { actions: [], afterMs: quarantine - (now - since) };
  },
});

export const allControllers = (pathOf: VolumePath): Controller[] => [
  scheduler,
  jobs,
  replicaSets,
  deployments,
  endpoints,
  claims(pathOf),
  volumes,
  budgets,
  nodes(new LeaseAges()),
  lostPods(new Map()),
];
