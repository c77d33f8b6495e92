// What goes wrong in a run: a list that the seed makes, that a person can read, and that can be made shorter.
import { resource } from '../../kube/resource-types.ts';
import { changeSet, cloneAnew, loseVolume, restoreSet, scaleDown, scaleUp } from './membership-faults.ts';
import { type Act, type Fault, type FaultKind, faultKinds, type FaultWindow } from './fault.ts';
import { passingModes } from './modes.ts';
import {
  cutOperatorOff,
  deafenOperator,
  deletePod,
  deleteVolume,
  freezeOperator,
  healOperator,
  joinOperator,
  killOperator,
  loseNode,
  newNode,
  scaleBack,
  scaleDownByOne,
} from './operator/faults.ts';
import type { Random } from './random.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

export const describe = ({ kind, at, lasts, target, other }: Fault): string =>
  `${(at / 1000).toFixed(1)} s: ${kind} ${target}${/cut-(one|both)|change/.test(kind) ? ` ${other}` : ''} for ${(lasts / 1000).toFixed(1)} s`;

/** Those that end with a new volume. */
const wiping: readonly FaultKind[] = ['lose-volume', 'scale-down'];

/** Faults like to come together: often the next one strikes while the one before is on, or close to a role change. */
export function makeFaults(random: Random, names: readonly string[], window: FaultWindow): Fault[] {
  const count = random.integer(1, window.most);
  const faults: Fault[] = [];
  let at = random.between(window.from, window.from + 2000);
  for (let number = 0; number < count && at < window.to; number++) {
    const target = random.chance(0.5) ? (names[0] ?? '') : random.pick(names);
    const lasts = random.chance(0.4) ? random.between(50, 1500) : random.between(1500, 9000);
    // A second volume may be lost only when the first is whole again, which takes as long as it takes.
    const wiped = faults.some(({ kind }) => wiping.includes(kind));
    const kind = random.pick(wiped ? faultKinds.filter((other) => !wiping.includes(other)) : faultKinds);
    const others = kind === 'change-set' ? passingModes : names.filter((name) => name !== target);
    faults.push({ kind, at, lasts, target, other: random.pick(others) });
    at += random.chance(0.6) ? random.between(0, 2500) : random.between(2500, 8000);
  }
  return faults;
}

interface Effect {
  readonly begin: Act;
  readonly end?: Act;
}

const links = (world: World, machine: Machine, act: (from: string, to: string) => void): void => {
  for (const { name } of world.machines) {
    if (name === machine.name) continue;
    act(name, machine.name);
    act(machine.name, name);
  }
};

const once = (begin: Act): Effect => ({ begin });

export const effects: Readonly<Record<FaultKind, Effect>> = {
  'kill-postgres': once((_world, { postgres }) => postgres?.end(137, false)),
  'kill-manager': once((_world, machine) => machine.killManager()),
  'stop-manager': {
    begin: ({ scheduler }, { manager }) => manager && scheduler.pause(manager.process),
    end: ({ scheduler }, { manager, paused }) => manager && !paused && scheduler.resume(manager.process),
  },
  'stop-postgres': {
    begin: ({ scheduler }, { postgres }) => postgres && scheduler.pause(postgres.process),
    end: ({ scheduler }, { postgres, paused }) => postgres && !paused && scheduler.resume(postgres.process),
  },
  'stop-machine': { begin: (_world, machine) => machine.pause(), end: (_world, machine) => machine.resume() },
  'power-loss': {
    begin: (_world, machine) => machine.powerOff(),
    end: (world, machine) => machine.powerOn(world.random.chance(0.5) ? machine.ip : world.newAddress()),
  },
  'restart-container': once((_world, machine) => machine.terminate()),
  'api-down': {
    begin: ({ api }) => {
      api.down = true;
    },
    end: ({ api }) => {
      api.down = false;
    },
  },
  'api-cut-off': {
    begin: ({ api }, { name }) => api.cutOff.add(name),
    end: ({ api }, { name }) => api.cutOff.delete(name),
  },
  'api-lost-answers': {
    begin: ({ api }) => {
      api.lostAnswers = 0.4;
    },
    end: ({ api }) => {
      api.lostAnswers = 0;
    },
  },
  'watches-silent': once(({ api }, { name }) => api.disturbWatches(name, 'silence')),
  'watches-break': once(({ api }, { name }) => api.disturbWatches(name, 'break')),
  'cut-one-way': {
    begin: ({ network }, { name }, { other }) => network.cut(name, other),
    end: ({ network }, { name }, { other }) => network.join(name, other),
  },
  'cut-both-ways': {
    begin: ({ network }, { name }, { other }) => [network.cut(name, other), network.cut(other, name)],
    end: ({ network }, { name }, { other }) => [network.join(name, other), network.join(other, name)],
  },
  isolate: {
    begin: (world, machine) => {
      world.api.cutOff.add(machine.name);
      links(world, machine, (from, to) => world.network.cut(from, to));
    },
    end: (world, machine) => {
      world.api.cutOff.delete(machine.name);
      links(world, machine, (from, to) => world.network.join(from, to));
    },
  },
  'messages-lost': {
    begin: ({ network }) => {
      network.chaos = { loss: 0.3, duplicate: 0.3, delay: 600 };
    },
    end: ({ network }) => {
      network.chaos = { loss: 0, duplicate: 0, delay: 0 };
    },
  },
  'slow-disk': {
    begin: (_world, machine) => {
      machine.slowDisk = 700;
    },
    end: (_world, machine) => {
      machine.slowDisk = 0;
    },
  },
  // What waits for it never returns: the machine has to be started anew.
  'broken-disk': {
    begin: (_world, machine) => {
      machine.diskBroken = true;
    },
    end: (world, machine) => {
      machine.powerOff();
      machine.diskBroken = false;
      world.scheduler.after(500, () => machine.powerOn(machine.ip));
    },
  },
  'delete-lease': once(({ api }) => api.store.delete(resource.leases, { namespace: 'default', name: 'sim' })),
  switchover: once(({ api }, { name }) => {
    const targetPrimaryTimestamp = new Date().toISOString();
    const patch = { status: { targetPrimary: name, targetPrimaryTimestamp } };
    api.store.patch(resource.clusters, { namespace: 'default', name: 'sim' }, patch, 'status');
  }),
  'change-set': { begin: changeSet, end: restoreSet },
  'lose-volume': { begin: loseVolume, end: cloneAnew },
  'scale-down': { begin: scaleDown, end: scaleUp },
  'kill-operator': once(killOperator),
  'freeze-operator': once(freezeOperator),
  'cut-operator-off': { begin: cutOperatorOff, end: joinOperator },
  'deafen-operator': { begin: deafenOperator, end: healOperator },
  'delete-pod': once(deletePod),
  'delete-volume': once(deleteVolume),
};

/** Where an operator sees to what otherwise has to be done for it. */
const operated: Partial<Record<FaultKind, Effect>> = {
  'lose-volume': { begin: loseNode, end: newNode },
  'scale-down': { begin: scaleDownByOne, end: scaleBack },
};

export function strike(world: World, faults: readonly Fault[], note: (text: string) => void): void {
  for (const fault of faults) {
    const effect = (world.operators ? operated[fault.kind] : undefined) ?? effects[fault.kind];
    const machine = world.machine(fault.target);
    world.scheduler.at(fault.at, () => {
      note(`FAULT ${describe(fault)}`);
      effect.begin(world, machine, fault);
    });
    if (!effect.end) continue;
    const { end } = effect;
    world.scheduler.at(fault.at + fault.lasts, () => {
      note(`ends: ${fault.kind} ${fault.target}`);
      end(world, machine, fault);
    });
  }
}
