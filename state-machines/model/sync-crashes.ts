// Crashes, lost volumes, starts and stops in the synchronous model.
import { type Context, type Step, at, disconnect, holds, leads, ownConfigs, owns, unasked } from './sync-context.ts';
import { type Instance, type World, name, put } from './sync-world.ts';

const forgotten = {
  role: 'stopped',
  source: -1,
  candidacy: 0,
  promises: [],
  quorumOf: [],
  config: undefined,
  before: [],
  barrier: -1,
  flushed: [],
} as const;

/** Every standby of it loses its connection. */
export function fall(world: World, index: number, change: Partial<Instance>): World {
  const alone = world.instances.reduce(
    (after, instance, other) => (instance.source === index ? put(after, other, { source: -1 }) : after),
    disconnect(world, index),
  );
  return put(alone, index, { ...forgotten, ...change });
}

export function* crashes(world: World, { bounds, mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (instance.up && world.crashes < bounds.crashes) {
      const promised = instance.unsynced > 0 ? instance.unsynced - 1 : instance.promised;
      const after = fall(world, index, { up: false, promised, unsynced: 0, restarted: mutant === 'M11' });
      yield [`${name(index)} crashes`, { ...after, crashes: world.crashes + 1 }];
    }
    if ((instance.log !== '' || instance.half) && world.losses < bounds.losses) {
      const empty = {
        up: false,
        log: '',
        promised: 0,
        led: 0,
        ownsLog: false,
        half: false,
        asks: false,
        follows: true,
        unsynced: 0,
        restarted: false,
      };
      const after = fall(world, index, { ...empty, life: instance.life + 1 });
      yield [`${name(index)} loses its volume`, { ...after, losses: world.losses + 1 }];
    }
  }
}

export function* starts(world: World, { mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (instance.log === '' || (instance.up && instance.role !== 'stopped')) continue;
    const { epoch } = world.lease;
    if (!holds(world, index) || instance.led === 0) {
      // What led stays as it is while the lease is its own: it is to go on.
      if (owns(world, index) && !instance.follows) continue;
      yield [`${name(index)} starts as standby`, put(world, index, { up: true, role: 'standby', follows: true })];
      continue;
    }
    // Rule 9. A raise that was interrupted is adopted; on disk is this or that configuration of a change that was interrupted.
    if (epoch < instance.led || (mutant === 'M7' && epoch !== instance.led)) continue;
    for (const config of ownConfigs(world, index)) {
      const promised = Math.max(instance.promised, epoch);
      const started = { up: true, role: 'primary', led: epoch, promised, config, candidacy: 0, promises: [] } as const;
      const step = `${name(index)} starts as primary with ${config.names.join()}`;
      yield [step, put(unasked(world), index, { ...started, barrier: instance.log.length })];
    }
  }
}

/** The postgres of a primary is stopped in good order; its manager stays (switchover, fence). */
export function* stops(world: World, { bounds }: Context): Iterable<Step> {
  if (world.stops >= bounds.stops) return;
  for (const index of world.instances.keys()) {
    if (!leads(world, index)) continue;
    const after = fall(world, index, { up: true });
    yield [`${name(index)} is stopped`, { ...after, stops: world.stops + 1 }];
  }
}
