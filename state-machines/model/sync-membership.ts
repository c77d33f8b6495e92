// Rejoin and changes of the synchronous set in the synchronous model.
import { onHistory } from '../protocol/history.ts';
import { type Context, type Step, at, history, holds, leads, rules } from './sync-context.ts';
import { flushedBy } from './sync-replication.ts';
import { type Config, type World, member, name, position, put } from './sync-world.ts';

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((id) => b.includes(id));

export function* rejoins(world: World, { bounds, mutant }: Context): Iterable<Step> {
  if (bounds.remakes) return;
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    for (const source of world.instances.keys()) {
      const primary = at(world, source);
      const allowed = mutant === 'M26' ? leads(world, source) : rules(world, source);
      if (source === index || !allowed || instance.candidacy > 0) continue;
      const copy = {
        log: primary.log,
        promised: Math.max(instance.promised, primary.led),
        led: 0,
        ownsLog: false,
        follows: true,
        role: 'standby',
      } as const;
      if (instance.log === '') {
        yield [`${name(index)} is cloned from ${name(source)}`, put(world, index, { ...copy, up: true })];
      } else if (
        instance.up &&
        instance.role !== 'primary' &&
        !onHistory(position(instance.log), history(primary.log)) &&
        !holds(world, index)
      ) {
        yield [`${name(index)} is rewound from ${name(source)}`, put(world, index, copy)];
      }
    }
  }
}

export function* changes(world: World, { bounds, mutant }: Context): Iterable<Step> {
  if (bounds.remakes) return;
  for (const index of world.instances.keys()) {
    if (!rules(world, index)) continue;
    const primary = at(world, index);
    const { config, before, barrier } = primary;
    const { lease } = world;
    if (!config) continue;
    const listed = lease.configs.some((other) => other.version === config.version);
    // (a) A new set: those that are there and have data, by their incarnation.
    if (world.changes < bounds.changes && before.length === 0 && lease.configs.length === 1) {
      const present = world.instances.flatMap((other, who) =>
        who !== index && other.log !== '' ? [member(world, who)] : [],
      );
      for (const names of [present, ...present.map((left) => present.filter((id) => id !== left))]) {
        if (names.length < bounds.number || sameSet(names, config.names)) continue;
        const next: Config = {
          ...config,
          version: config.version + 1,
          epoch: primary.led,
          owner: member(world, index),
          names,
        };
        const members = [
          member(world, index),
          ...new Set([...lease.members.filter((id) => id !== member(world, index) && present.includes(id)), ...names]),
        ];
        const configs = mutant === 'M20' ? lease.configs : mutant === 'M21' ? [next] : [...lease.configs, next];
        const listedNow = { ...world, lease: { ...lease, configs, members }, changes: world.changes + 1 };
        yield [
          `${name(index)} publishes ${names.join()}`,
          mutant === 'M20' ? put(listedNow, index, { config: next, before: [config] }) : listedNow,
        ];
      }
    }
    // (b) In effect for some walsenders, (c) for all of them.
    const target = lease.configs.filter((other) => other.owner === member(world, index)).at(-1);
    if (target && target.version > config.version) {
      yield [`${name(index)} reloads`, put(world, index, { config: target, before: [config], barrier: -1 })];
    }
    if (before.length > 0) {
      yield [`${name(index)}: all walsenders have it`, put(world, index, { before: [], barrier: primary.log.length })];
    }
    // (d) Barrier, (e) the older ones leave.
    const passed = mutant === 'M22' || (barrier >= 0 && flushedBy(primary, config, barrier));
    if (before.length === 0 && passed && (lease.configs.length > 1 || !listed)) {
      const kept = lease.configs.filter((other) => other.version >= config.version);
      const configs = kept.length > 0 ? kept : [config];
      if (configs.length < lease.configs.length || !listed) {
        yield [`${name(index)} takes older configurations out`, { ...world, lease: { ...lease, configs } }];
      }
    }
  }
}
