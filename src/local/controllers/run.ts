import path from 'node:path';
import { createEventRecorder } from '../../kube/events.ts';
import { isConflict } from '../../kube/errors.ts';
import { WorkQueue } from '../../kube/queue.ts';
import { Reflector } from '../../kube/reflector.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeApi } from '../../kube/port.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type Controller, allControllers } from './controllers.ts';
import { type Performer, perform } from './perform.ts';
import { type WatchedKind, watchedKinds, type World } from './world.ts';

export interface ControllersOptions {
  readonly api: KubeApi;
  /** Directory of the nodes' directories: a volume is at NODES/NODE/volumes/NAME. */
  readonly nodes: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

type Reflectors = Map<WatchedKind, Reflector<KubeObject>>;

function makeReflectors({ api, log }: ControllersOptions): Reflectors {
  return new Map(
    watchedKinds.map((kind) => {
      const scope = kind === 'leases' ? { namespace: 'kube-node-lease' } : {};
      const reflector = new Reflector<KubeObject>(api, resource[kind], scope);
      reflector.on('failed', (error) => log(`watch of ${kind}: ${String(error)}`));
      return [kind, reflector];
    }),
  );
}

/** Joins one controller with the watches: every change asks for the plans that it concerns. */
function connectQueue(
  controller: Controller,
  reflectors: Reflectors,
  by: Performer,
  log: (text: string) => void,
): WorkQueue {
  const queue = new WorkQueue({
    // One at a time: a plan sees all that the one before has done.
    workers: 1,
    backOff: { initialMs: 50, maxMs: 10_000 },
    handle: async (key, signal) => {
      const [namespace, name] = key.includes('/') ? (key.split('/') as [string, string]) : [undefined, key];
      const plan = controller.plan(namespace, name, by.world, Date.now());
      await perform(by, plan.actions, signal);
      return plan.afterMs === undefined ? undefined : { afterMs: plan.afterMs };
    },
    onError: (key, error) => {
      if (!isConflict(error)) log(`${controller.name} ${key}: ${String(error)}`);
    },
  });
  for (const [kind, interest] of Object.entries(controller.interest)) {
    const keys = interest as (object: KubeObject, world: World) => readonly string[];
    reflectors.get(kind as WatchedKind)?.on('change', ({ object }) => {
      for (const key of keys(object, by.world)) queue.add(key);
    });
  }
  return queue;
}

/** Runs all controllers until `signal` aborts. They begin when every watch has its first list: an absent object is then absent. */
export async function runControllers(options: ControllersOptions): Promise<void> {
  const { api, nodes, user, signal, log } = options;
  const reflectors = makeReflectors(options);
  const world = Object.fromEntries([...reflectors].map(([kind, it]) => [kind, it.store])) as unknown as World;
  const events = createEventRecorder(api, { component: 'howdah-local-controllers', instance: 'local' });
  const by: Performer = { api, world, events, volumeRoot: path.resolve(nodes), ...(user ? { user } : {}) };
  const pathOf = (node: string, volume: string): string => path.join(path.resolve(nodes), node, 'volumes', volume);
  const queues = allControllers(pathOf).map((it) => connectQueue(it, reflectors, by, log));
  const following = [...reflectors.values()].map((it) => it.run(signal));
  await Promise.all([...reflectors.values()].map((it) => it.whenSynced(signal)));
  log(`controllers follow ${watchedKinds.length} kinds`);
  await Promise.all([...queues.map((it) => it.run(signal)), ...following]);
  await events.flush();
}
