// What the parts of the synchronous model share: its mutants, and small questions about a world.
import type { History } from '../protocol/history.ts';
import type { Configuration, GrantedPromise, Member } from '../protocol/types.ts';
import { type Bounds, type Config, type Instance, type World, member, name, position, put } from './sync-world.ts';

/** Broken environments or rules, by their numbers in docs/ha-protocol.md §8. M19b is the second half of M19. */
export type SyncMutant =
  | 'M7'
  | 'M8'
  | 'M9'
  | 'M10'
  | 'M11'
  | 'M12'
  | 'M13'
  | 'M14'
  | 'M15'
  | 'M16'
  | 'M17'
  | 'M18'
  | 'M19'
  | 'M19b'
  | 'M20'
  | 'M21'
  | 'M22'
  | 'M23'
  | 'M24'
  | 'M25'
  | 'M26'
  | 'M30'
  | 'M31'
  | 'M32'
  | 'M35'
  | 'M36';

export type Step = readonly [string, World];
export interface Context {
  readonly bounds: Bounds;
  readonly mutant?: SyncMutant | undefined;
}

export const at = (world: World, index: number): Instance => {
  const instance = world.instances[index];
  if (!instance) throw new Error(`no instance ${index}`);
  return instance;
};
export const asMember = (id: string): Member => ({ instance: id[0] ?? '', incarnation: id.slice(1) });
export const asConfiguration = (config: Config): Configuration => ({
  version: config.version,
  epoch: config.epoch,
  owner: asMember(config.owner),
  names: config.names.map(asMember),
  external: [],
  number: config.number,
});
/** A promise on its way: the member, '!' when it owns its log, and the timeline of its last record. */
export const promiseText = (world: World, index: number, mutant: SyncMutant | undefined): string => {
  const { ownsLog, log } = at(world, index);
  return `${member(world, index)}${ownsLog && mutant !== 'M19b' ? '!' : ''}@${position(log).timeline}`;
};
export const asPromise = (epoch: number, text: string): GrantedPromise => {
  const [who = '', timeline] = text.split('@');
  return {
    member: asMember(who.replace('!', '')),
    epoch,
    position: { timeline: Number(timeline), lsn: 0n },
    ownsLog: who.endsWith('!'),
  };
};

export const leads = (world: World, index: number): boolean => {
  const instance = at(world, index);
  return instance.up && instance.role === 'primary';
};
export const holds = (world: World, index: number): boolean => world.lease.holder === member(world, index);
/** The lease is its own: another cannot have been promised a higher epoch. */
export const owns = (world: World, index: number): boolean =>
  holds(world, index) && at(world, index).promised <= world.lease.epoch;
/** Leads, and the lease says so in the same epoch: may change the lease. */
export const rules = (world: World, index: number): boolean =>
  leads(world, index) && holds(world, index) && world.lease.epoch === at(world, index).led;

export function disconnect(world: World, index: number): World {
  const { source, log } = at(world, index);
  if (source < 0) return world;
  // Its last report may still be on the way, and the walsender lives on: what was flushed counts until the next connection.
  const flushed = at(world, source).flushed.map(
    ([who, to], other) => [who, other === index ? log.length : to] as const,
  );
  return put(put(world, index, { source: -1 }), source, { flushed });
}

/** A name under which it streams: that of its instance once the lease has this life of it (rule 20). */
export const streamsAs = (world: World, index: number): string =>
  world.lease.members.includes(member(world, index)) ? name(index) : '';

/** The history file of a log. */
export function history(log: string): History {
  const starts = [...log].flatMap((record, place) => (record <= '9' ? [{ timeline: Number(record), place }] : []));
  return {
    timeline: starts.at(-1)?.timeline ?? 0,
    switches: starts.slice(0, -1).map(({ timeline }, nth) => ({ timeline, end: BigInt(starts[nth + 1]?.place ?? 0) })),
  };
}

/** Who becomes primary knows of no wish to leave a set. */
export const unasked = (world: World): World =>
  world.instances.reduce((after, { asks }, index) => (asks ? put(after, index, { asks: false }) : after), world);

/** The configurations in force that it owns, oldest first. */
export const ownConfigs = (world: World, index: number): readonly Config[] =>
  world.lease.configs.filter((config) => config.owner === member(world, index));
