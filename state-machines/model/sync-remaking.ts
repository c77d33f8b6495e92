// Directories that are made anew in the synchronous model, where a scenario asks for it: a rewind is begun, and what was there is gone;
// the primary is asked by those who may not begin yet, and changes its set as the shipped table says (rules 19, 20, 21 and 28).
import { onHistory } from '../protocol/history.ts';
import { dispensable, inForce, namedOtherwise, nextLife } from '../synchronous/lives.ts';
import { type SetFacts, setRows } from '../synchronous/machine.ts';
import {
  type Context,
  type Step,
  asConfiguration,
  asMember,
  at,
  disconnect,
  history,
  holds,
  rules,
  streamsAs,
} from './sync-context.ts';
import { decide } from './first-row.ts';
import { flushedBy } from './sync-replication.ts';
import { type Config, type World, idOf, member, name, placeOf, position, put } from './sync-world.ts';

const listedIn = ({ lease }: World): { configurations: ReturnType<typeof asConfiguration>[] } => ({
  configurations: lease.configs.map(asConfiguration),
});

/** Rule 28, or what a mutant makes of it. */
function mayBegin(world: World, index: number, { mutant }: Context): boolean {
  const [listed, life] = [listedIn(world), asMember(member(world, index))];
  if (mutant !== 'M35') return dispensable(listed, life, at(world, index).half);
  // As it was: what is half done waits as well, and who has left a set that acknowledges nothing without it.
  const named = world.lease.configs.at(-1)?.names.includes(member(world, index)) === true;
  return !inForce(listed, life) || (named && dispensable(listed, life, false));
}

/** Not on the history of the primary at `source`, and followed by nobody. */
function isAstray(world: World, index: number, source: number): boolean {
  const { up, role, log, half, candidacy, source: followed } = at(world, index);
  if (half) return true;
  if (!up || role !== 'standby' || log === '' || candidacy > 0 || followed >= 0 || holds(world, index)) return false;
  return !onHistory(position(log), history(at(world, source).log));
}

export function* remakes(world: World, context: Context): Iterable<Step> {
  if (context.bounds.remakes !== true) return;
  for (const source of world.instances.keys()) {
    const primary = at(world, source);
    if (!rules(world, source)) continue;
    for (const index of world.instances.keys()) {
      const instance = at(world, index);
      if (index === source || instance.promised > primary.led) continue; // rule 16
      const begins = `${name(index)} begins to be rewound`;
      if (instance.log === '' && (!instance.half || mayBegin(world, index, context))) {
        const copy = { log: primary.log, promised: Math.max(instance.promised, primary.led), up: true } as const;
        const life = {
          life: instance.life + (instance.half ? 1 : 0),
          half: false,
          asks: false,
          role: 'standby',
        } as const;
        yield [`${name(index)} is cloned from ${name(source)}`, put(world, index, { ...copy, ...life })];
      } else if (!isAstray(world, index, source)) continue;
      else if (mayBegin(world, index, context)) {
        const gone = { log: '', half: true, led: 0, ownsLog: false, follows: true, role: 'stopped' } as const;
        yield [begins, put(disconnect(world, index), index, gone)];
      } else if (!instance.asks) {
        yield [`${name(index)} asks to leave the set`, put(world, index, { asks: true })];
      }
    }
  }
}

/** The names of the next set: who is a member, as the life that may be one. */
function wished(world: World, index: number): readonly string[] {
  return world.lease.members.flatMap((id) => {
    const who = placeOf(id);
    if (who === index) return [];
    const { log, asks } = at(world, who);
    const comes = log === '' ? undefined : asMember(member(world, who));
    const life = nextLife(listedIn(world), asMember(id), { comes, leaves: asks });
    return life ? [idOf(life)] : [];
  });
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((id) => b.includes(id));

function facts(world: World, index: number, newest: Config): SetFacts {
  const primary = at(world, index);
  const streaming = newest.names.filter((id) => {
    return at(world, placeOf(id)).source === index && primary.flushed[placeOf(id)]?.[0] === id[0];
  });
  return {
    ...{ leads: true, swapping: false, listed: world.lease.configs.length },
    wantedIsListed: newest.owner === member(world, index) && sameNames(wished(world, index), newest.names),
    blocked: streaming.length < newest.number,
    applied: primary.config?.version === newest.version,
    inEffect: primary.before.length === 0,
    barrierRead: primary.barrier >= 0,
    barrierPassed: primary.config !== undefined && flushedBy(primary, primary.config, primary.barrier),
  };
}

/** The members with those in the place of others who are names of the next set. */
const admitted = (members: readonly string[], names: readonly string[]): readonly string[] =>
  members.map((id) => names.find((other) => placeOf(other) === placeOf(id)) ?? id);

function published(world: World, index: number, newest: Config): Step {
  const names = wished(world, index);
  const { lease } = world;
  const me = member(world, index);
  const next: Config = { ...newest, version: newest.version + 1, epoch: at(world, index).led, owner: me, names };
  const changed = { ...lease, configs: [...lease.configs, next], members: admitted(lease.members, names) };
  return [`${name(index)} publishes [${names.join()}]`, { ...world, lease: changed, changes: world.changes + 1 }];
}

/** Rule 19 by the shipped table. */
export function* settles(world: World, { bounds, mutant }: Context): Iterable<Step> {
  if (bounds.remakes !== true) return;
  for (const index of world.instances.keys()) {
    const { lease } = world;
    const newest = lease.configs.at(-1);
    if (!rules(world, index) || !newest) continue;
    const primary = at(world, index);
    const told = facts(world, index, newest);
    // The careless way: where nobody is left who could flush it, nothing is waited for.
    const empty = mutant === 'M36' && newest.names.length < newest.number;
    const action = decide(setRows, empty ? { ...told, barrierPassed: true } : told);
    if (action.type === 'publish' && world.changes < bounds.changes) yield published(world, index, newest);
    if (action.type === 'apply') {
      const before = primary.config ? [...primary.before, primary.config] : primary.before;
      yield [`${name(index)} reloads`, put(world, index, { config: newest, before, barrier: -1 })];
    }
    if (primary.before.length > 0) {
      const inEffect = { before: [], barrier: primary.log.length };
      yield [`${name(index)}: all walsenders have it`, put(world, index, inEffect)];
    }
    if (action.type === 'retire-older') {
      yield [`${name(index)} takes older configurations out`, { ...world, lease: { ...lease, configs: [newest] } }];
    }
    // A life that no set stands against becomes a member with any renewal.
    for (const id of lease.members) {
      const who = placeOf(id);
      const life = member(world, who);
      if (life === id || at(world, who).log === '' || namedOtherwise(listedIn(world), asMember(life))) continue;
      yield [`${life} becomes a member`, { ...world, lease: { ...lease, members: admitted(lease.members, [life]) } }];
    }
  }
}

/** Who was admitted connects anew under its name. */
export function* renames(world: World, { bounds }: Context): Iterable<Step> {
  if (bounds.remakes !== true) return;
  for (const index of world.instances.keys()) {
    const { source, log } = at(world, index);
    if (source < 0 || at(world, source).flushed[index]?.[0] === streamsAs(world, index)) continue;
    const flushed = at(world, source).flushed.map((said, who) =>
      who === index ? ([streamsAs(world, index), log.length] as const) : said,
    );
    yield [`${name(index)} connects under its name`, put(world, source, { flushed })];
  }
}
