import { expect, test } from '@jest/globals';
import type { Deployment, Pod, ReplicaSet } from '../../kube/objects.ts';
import { fraction, planDeployment } from './plan-deployment.ts';
import { planReplicaSet } from './plan-replica-set.ts';
import { aPod, ownedBy, readyAt } from './testing/world.ts';

const now = Date.parse('2026-01-01T01:00:00Z');

test.each([
  ['25%', 10, 3],
  [undefined, 1, 1],
  [2, 10, 2],
  ['0%', 5, 0],
])('%s of %d', (value, total, expected) => expect(fraction(value, total, Math.ceil)).toBe(expected));

const template = (version: number) => ({
  metadata: { labels: { app: 'w' } },
  spec: { containers: [{ name: 'm', image: `v${version}` }] },
});
const aDeployment = (version: number, spec: object = {}): Deployment => ({
  metadata: { name: 'd', namespace: 'default', uid: 'ud', generation: version },
  spec: { replicas: 3, selector: { matchLabels: { app: 'w' } }, template: template(version), ...spec },
});

/** A world of one Deployment in which pods become ready at once: every pass is one look of all controllers. */
class Simulation {
  deployment: Deployment;
  sets: ReplicaSet[] = [];
  pods: Pod[] = [];
  /** Fewest and most pods that were there after any step. */
  fewest = Infinity;
  most = 0;
  #serial = 0;

  constructor(deployment: Deployment) {
    this.deployment = deployment;
  }

  pass(): boolean {
    const before = JSON.stringify([this.deployment, this.sets, this.pods]);
    this.#perform(planDeployment(this.deployment, this.sets, this.pods, now).actions);
    for (const set of this.sets) {
      this.#perform(planReplicaSet(set, this.pods, now, () => String(++this.#serial)).actions);
      this.fewest = Math.min(this.fewest, this.pods.length);
      this.most = Math.max(this.most, this.pods.length);
      this.#perform(planReplicaSet(set, this.pods, now, () => String(++this.#serial)).actions);
    }
    return JSON.stringify([this.deployment, this.sets, this.pods]) !== before;
  }

  settle(): void {
    for (let passes = 0; this.pass(); passes++) if (passes > 30) throw new Error('it does not settle');
  }

  #perform(actions: ReturnType<typeof planDeployment>['actions']): void {
    for (const action of actions) {
      if (action.do === 'create' && action.kind === 'replicaSets') {
        const set = action.object as ReplicaSet;
        this.sets.push({ ...set, metadata: { ...set.metadata, uid: `u-${set.metadata?.name}` } });
      } else if (action.do === 'create') {
        const pod = action.object as Pod;
        this.pods.push({ ...pod, metadata: { ...pod.metadata, uid: `u-${pod.metadata?.name}` }, status: readyAt() });
      } else if (action.do === 'delete') {
        this.pods = this.pods.filter((it) => it.metadata?.uid !== action.uid);
        this.sets = this.sets.filter((it) => it.metadata?.uid !== action.uid);
      } else if (action.do === 'patch' || action.do === 'patchStatus') {
        const target = [this.deployment, ...this.sets].find((it) => it.metadata?.name === action.key.name);
        merge(target as Record<string, unknown>, action.patch as Record<string, unknown>);
      }
    }
  }
}

function merge(target: Record<string, unknown>, patch: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete target[key];
    else if (typeof value === 'object' && !Array.isArray(value)) {
      target[key] ??= {};
      merge(target[key] as Record<string, unknown>, value as Record<string, unknown>);
    } else target[key] = value;
  }
}

const images = (pods: readonly Pod[]): string[] => pods.map((it) => it.spec?.containers[0]?.image ?? '').sort();

test('a first roll-out makes all pods and reports it', () => {
  const world = new Simulation(aDeployment(1));
  world.settle();
  expect(images(world.pods)).toEqual(['v1', 'v1', 'v1']);
  expect(world.deployment.status).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    availableReplicas: 3,
  });
  expect(world.deployment.status?.conditions?.map((it) => `${it.type}=${it.status} ${it.reason}`)).toEqual([
    'Available=True MinimumReplicasAvailable',
    'Progressing=True NewReplicaSetAvailable',
  ]);
});

test('a rolling update stays within its limits and ends with the new template only', () => {
  const world = new Simulation(aDeployment(1));
  world.settle();
  world.fewest = Infinity;
  world.most = 0;
  world.deployment = { ...aDeployment(2), ...(world.deployment.status ? { status: world.deployment.status } : {}) };
  world.settle();
  expect(images(world.pods)).toEqual(['v2', 'v2', 'v2']);
  expect([world.fewest, world.most]).toEqual([3, 4]);
  expect(world.sets.map((it) => it.spec?.replicas)).toEqual([0, 3]);
  world.deployment = { ...aDeployment(1), ...(world.deployment.status ? { status: world.deployment.status } : {}) };
  world.settle();
  expect(images(world.pods)).toEqual(['v1', 'v1', 'v1']);
  expect(world.deployment.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
});

test('Recreate ends all old pods before the first new one', () => {
  const spec = { strategy: { type: 'Recreate' } };
  const world = new Simulation(aDeployment(1, spec));
  world.settle();
  world.deployment = aDeployment(2, spec);
  const seen = new Set<string>();
  while (world.pass()) seen.add([...new Set(images(world.pods))].join('+'));
  expect(seen.has('v1+v2')).toBe(false);
  expect(images(world.pods)).toEqual(['v2', 'v2', 'v2']);
});

test('scaling changes the number only', () => {
  const world = new Simulation(aDeployment(1));
  world.settle();
  world.deployment = aDeployment(1, { replicas: 1 });
  world.settle();
  expect(world.pods).toHaveLength(1);
  expect(world.sets).toHaveLength(1);
});

const set: ReplicaSet = {
  metadata: { name: 's', namespace: 'default', uid: 'us' },
  spec: { replicas: 1, selector: {}, template: template(1) },
};
const owned = (name: string, more: { metadata?: object; spec?: object; status?: object }): Pod =>
  aPod(name, { ...more, metadata: { ...ownedBy(set, 'ReplicaSet'), ...more.metadata } });

test('of two pods the one that is not ready goes', () => {
  const pods = [
    owned('good', { spec: { nodeName: 'a' }, status: readyAt() }),
    owned('bad', { spec: { nodeName: 'a' } }),
  ];
  const deleted = planReplicaSet(set, pods, now, () => 'x').actions.filter((it) => it.do === 'delete');
  expect(deleted.map((it) => it.key.name)).toEqual(['bad']);
});

test('a failed pod is replaced and removed', () => {
  const { actions } = planReplicaSet(set, [owned('f', { status: { phase: 'Failed' } })], now, () => 'x');
  expect(actions.map((it) => it.do)).toEqual(expect.arrayContaining(['create', 'delete']));
});
