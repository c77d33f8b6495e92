// Writes, replication and acknowledgement in the synchronous model.
import { onHistory } from '../protocol/history.ts';
import { type Context, type Step, at, disconnect, history, leads, streamsAs } from './sync-context.ts';
import { type Config, type Instance, type World, member, name, position, put } from './sync-world.ts';

export function* writes(world: World, { bounds }: Context): Iterable<Step> {
  if (world.commits >= bounds.commits) return;
  const letter = String.fromCharCode(97 + 16 + world.commits); // q, r, s …: not a name of an instance
  for (const index of world.instances.keys()) {
    if (!leads(world, index)) continue;
    const written = put(world, index, { log: at(world, index).log + letter });
    yield [`${name(index)} writes ${letter}`, { ...written, commits: world.commits + 1 }];
  }
}

export function* streams(world: World): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const standby = at(world, index);
    if (!standby.up || standby.role !== 'standby' || standby.source < 0) continue;
    const primary = at(world, standby.source);
    const said = primary.flushed[index]?.[1] ?? -1;
    if (primary.log.startsWith(standby.log) && primary.log.length > standby.log.length) {
      const log = primary.log.slice(0, standby.log.length + 1);
      const flushed = primary.flushed.map(([who, to], other) => [who, other === index ? log.length : to] as const);
      yield [`${name(index)} receives ${log.at(-1)}`, put(put(world, index, { log }), standby.source, { flushed })];
    } else if (said !== standby.log.length) {
      const flushed = primary.flushed.map(
        ([who, to], other) => [who, other === index ? standby.log.length : to] as const,
      );
      yield [`${name(index)} reports`, put(world, standby.source, { flushed })];
    }
    yield [`${name(index)} loses its connection`, disconnect(world, index)];
  }
}

export function* connects(world: World, { bounds, mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const standby = at(world, index);
    if (!standby.up || standby.role !== 'standby' || standby.source >= 0 || standby.log === '') continue;
    if (standby.candidacy > 0) continue;
    for (const source of world.instances.keys()) {
      const primary = at(world, source);
      if (source === index || !leads(world, source)) continue;
      if (primary.led < standby.promised && mutant !== 'M17') continue; // rule 16
      if (!onHistory(position(standby.log), history(primary.log)) && mutant !== 'M24') continue; // rule 21
      const named = primary.config?.names.find((other) => other.startsWith(name(index)));
      const proper = bounds.remakes ? streamsAs(world, index) : member(world, index);
      const id = mutant === 'M23' ? (named ?? '') : proper;
      const flushed = world.instances.map((_, who) =>
        who === index ? ([id, standby.log.length] as const) : (primary.flushed[who] ?? (['', -1] as const)),
      );
      const promised = Math.max(standby.promised, primary.led);
      const following = put(world, index, { source, restarted: false, promised, ownsLog: false, led: 0, asks: false });
      yield [`${name(index)} connects to ${name(source)}`, put(following, source, { flushed })];
    }
  }
}

/**
 * The world with everything acknowledged that may be. Sooner is no loss: what is acknowledged forbids more and allows nothing, so
 * whatever goes wrong after a later acknowledgement goes wrong after this one.
 */
export function acknowledged(world: World): World {
  let after = world;
  for (const primary of world.instances) {
    if (!primary.up || primary.role !== 'primary') continue;
    const { log, config, before } = primary;
    for (let place = 0; place < log.length; place += 1) {
      const letter = log[place] ?? '';
      if (letter < 'a' || after.acknowledged.includes(letter)) continue;
      const flushed = [...(config ? [config] : []), ...before].some((set) => flushedBy(primary, set, place + 1));
      if (!flushed) continue;
      const conflict = (after.promotions.at(-1) ?? 0) > position(log).timeline && !after.newestLog.includes(letter);
      after = {
        ...after,
        acknowledged: [...after.acknowledged, letter].sort().join(''),
        wrong: conflict
          ? `${letter} acknowledged in an old epoch, and the newer primary does not have it`
          : after.wrong,
      };
    }
  }
  return after;
}

/** W of the names have said that they flushed at least so far. A server knows names of instances only, not lives (rule 20). */
export const flushedBy = (primary: Instance, config: Config, length: number): boolean =>
  config.names.filter((id) => primary.flushed.some(([who, to]) => (who === id || who === id[0]) && to >= length))
    .length >= config.number;
