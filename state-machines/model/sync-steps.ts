// What can happen in the synchronous world. Decisions come from the shipped functions (voter, quorum, epoch); this file is their
// environment: disks, networks, walsenders, crashes. A mutant (docs/ha-protocol.md §8) breaks one thing of it.
import { nextEpoch } from '../protocol/epoch.ts';
import { satisfies, unsatisfied } from '../protocol/quorum.ts';
import type { Configuration, GrantedPromise, Member } from '../protocol/types.ts';
import { promiseStep } from '../voter/voter.ts';
import { type Bounds, type Config, type Instance, type World, member, name, position, put } from './sync-world.ts';

export type SyncMutant =
  | 'M8'
  | 'M9'
  | 'M10'
  | 'M12'
  | 'M13'
  | 'M14'
  | 'M15'
  | 'M16'
  | 'M17'
  | 'M19'
  | 'M20'
  | 'M21'
  | 'M22'
  | 'M23'
  | 'M24'
  | 'M25'
  | 'M26'
  | 'M30';

type Step = readonly [string, World];
interface Context {
  readonly bounds: Bounds;
  readonly mutant: SyncMutant | undefined;
}

const at = (world: World, index: number): Instance => {
  const instance = world.instances[index];
  if (!instance) throw new Error(`no instance ${index}`);
  return instance;
};
const asMember = (id: string): Member => ({ instance: id[0] ?? '', incarnation: id.slice(1) });
const asConfiguration = (config: Config): Configuration => ({
  version: config.version,
  epoch: config.epoch,
  owner: asMember(config.owner),
  names: config.names.map(asMember),
  external: [],
  number: config.number,
});
const asPromise = (epoch: number, text: string): GrantedPromise => ({
  member: asMember(text.replace('!', '')),
  epoch,
  position: { timeline: 0, lsn: 0n },
  ownsLog: text.endsWith('!'),
});

const leads = (world: World, index: number): boolean => {
  const instance = at(world, index);
  return instance.up && instance.role === 'primary';
};
const holds = (world: World, index: number): boolean => world.lease.holder === member(world, index);
/** Leads, and the lease says so in the same epoch: may change the lease. */
const rules = (world: World, index: number): boolean =>
  leads(world, index) && holds(world, index) && world.lease.epoch === at(world, index).led;

function disconnect(world: World, index: number): World {
  const { source } = at(world, index);
  if (source < 0) return world;
  const primary = at(world, source);
  const flushed = primary.flushed.map((entry, who) => (who === index ? (['', -1] as const) : entry));
  return put(put(world, index, { source: -1 }), source, { flushed });
}

// --- Writes and replication

function* writes(world: World, { bounds }: Context): Iterable<Step> {
  if (world.commits >= bounds.commits) return;
  const letter = String.fromCharCode(97 + 16 + world.commits); // q, r, s …: not a name of an instance
  for (const index of world.instances.keys()) {
    if (!leads(world, index)) continue;
    const written = put(world, index, { log: at(world, index).log + letter });
    yield [`${name(index)} writes ${letter}`, { ...written, commits: world.commits + 1 }];
  }
}

function* streams(world: World): Iterable<Step> {
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

function* connects(world: World, { mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const standby = at(world, index);
    if (!standby.up || standby.role !== 'standby' || standby.source >= 0 || standby.log === '') continue;
    if (standby.candidacy > 0) continue;
    for (const source of world.instances.keys()) {
      const primary = at(world, source);
      if (source === index || !leads(world, source)) continue;
      if (primary.led < standby.promised && mutant !== 'M17') continue; // rule 16
      if (!primary.log.startsWith(standby.log) && mutant !== 'M24') continue; // rule 21
      const id =
        mutant === 'M23'
          ? (primary.config?.names.find((other) => other.startsWith(name(index))) ?? '')
          : member(world, index);
      const flushed = world.instances.map((_, who) =>
        who === index ? ([id, standby.log.length] as const) : (primary.flushed[who] ?? (['', -1] as const)),
      );
      const promised = Math.max(standby.promised, primary.led);
      const following = put(world, index, { source, receiverClosed: false, promised, ownsLog: false, led: 0 });
      yield [`${name(index)} connects to ${name(source)}`, put(following, source, { flushed })];
    }
  }
}

/** W of the names have said that they flushed at least so far. */
const flushedBy = (primary: Instance, config: Config, length: number): boolean =>
  config.names.filter((id) => primary.flushed.some(([who, to]) => who === id && to >= length)).length >= config.number;

function* acknowledges(world: World): Iterable<Step> {
  for (const index of world.instances.keys()) {
    if (!leads(world, index)) continue;
    const primary = at(world, index);
    for (const [place, letter] of [...primary.log].entries()) {
      if (letter < 'a' || world.acknowledged.includes(letter)) continue;
      const configs = [primary.config, primary.before].filter((config) => config !== undefined);
      if (!configs.some((config) => flushedBy(primary, config, place + 1))) continue;
      const conflict =
        (world.promotions.at(-1) ?? 0) > position(primary.log).timeline && !world.newestLog.includes(letter);
      yield [
        `${name(index)} acknowledges ${letter}`,
        {
          ...world,
          acknowledged: world.acknowledged + letter,
          wrong: conflict ? `${letter} acknowledged in an old epoch, and the newer primary does not have it` : '',
        },
      ];
    }
  }
}

// --- Crashes, lost volumes, starts

const forgotten = {
  role: 'stopped',
  source: -1,
  receiverClosed: false,
  candidacy: 0,
  promises: [],
  quorumOf: [],
  config: undefined,
  before: undefined,
  barrier: -1,
  flushed: [],
} as const;

/** Every standby of it loses its connection. */
function fall(world: World, index: number, change: Partial<Instance>): World {
  const alone = world.instances.reduce(
    (after, instance, other) => (instance.source === index ? put(after, other, { source: -1 }) : after),
    disconnect(world, index),
  );
  return put(alone, index, { ...forgotten, ...change });
}

function* crashes(world: World, { bounds }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (instance.up && world.crashes < bounds.crashes) {
      const promised = instance.unsynced > 0 ? instance.unsynced - 1 : instance.promised;
      const after = fall(world, index, { up: false, promised, unsynced: 0 });
      yield [`${name(index)} crashes`, { ...after, crashes: world.crashes + 1 }];
    }
    if (instance.log !== '' && world.losses < bounds.losses) {
      const empty = { up: false, log: '', promised: 0, led: 0, ownsLog: false, unsynced: 0 };
      const after = fall(world, index, { ...empty, incarnation: world.incarnations });
      yield [
        `${name(index)} loses its volume`,
        { ...after, losses: world.losses + 1, incarnations: world.incarnations + 1 },
      ];
    }
  }
}

function* starts(world: World): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (instance.log === '' || (instance.up && instance.role !== 'stopped')) continue;
    if (instance.led > 0 && holds(world, index) && world.lease.epoch >= instance.led) {
      // Rule 9, an interrupted raise included.
      const own = world.lease.configs.filter((config) => config.owner === member(world, index)).at(-1);
      if (!own) continue;
      const led = world.lease.epoch;
      const change = {
        up: true,
        role: 'primary',
        led,
        promised: Math.max(instance.promised, led),
        config: own,
      } as const;
      yield [
        `${name(index)} starts as primary`,
        put(world, index, { ...change, barrier: instance.log.length, candidacy: 0, promises: [] }),
      ];
    } else if (!holds(world, index)) {
      yield [
        `${name(index)} starts as standby`,
        put(world, index, { up: true, role: 'standby', receiverClosed: false }),
      ];
    } else if (instance.led === 0) {
      yield [
        `${name(index)} starts as standby`,
        put(world, index, { up: true, role: 'standby', receiverClosed: false }),
      ];
    }
  }
}

/** The postgres of a primary is stopped in good order; its manager stays (switchover, fence). */
function* stops(world: World, { bounds }: Context): Iterable<Step> {
  if (world.stops >= bounds.stops) return;
  for (const index of world.instances.keys()) {
    if (!leads(world, index)) continue;
    const after = fall(world, index, { up: true });
    yield [`${name(index)} is stopped`, { ...after, stops: world.stops + 1 }];
  }
}

// --- Election

function* stands(world: World, { bounds }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (!instance.up || instance.role === 'primary' || instance.log === '' || instance.candidacy > 0) continue;
    if (!world.lease.members.includes(member(world, index)) || holds(world, index)) continue;
    const epoch = nextEpoch([world.lease.epoch, instance.promised, instance.led, position(instance.log).timeline]);
    if (epoch > bounds.epochs) continue;
    const own = `${member(world, index)}${instance.ownsLog ? '!' : ''}`;
    const standing = put(disconnect(world, index), index, {
      receiverClosed: true,
      promised: epoch,
      led: 0,
      candidacy: epoch,
      promises: [own],
      quorumOf: world.lease.configs,
    });
    yield [`${name(index)} stands for ${epoch}`, standing];
  }
}

function* promises(world: World, { mutant }: Context): Iterable<Step> {
  for (const candidate of world.instances.keys()) {
    const { candidacy, log, up } = at(world, candidate);
    if (!up || candidacy === 0) continue;
    for (const index of world.instances.keys()) {
      const voter = at(world, index);
      if (index === candidate || !voter.up || voter.log === '') continue;
      const facts = {
        now: 0,
        member: world.lease.members.includes(member(world, index)),
        whole: true,
        primary: voter.role === 'primary' && mutant !== 'M30',
        holdsLease: holds(world, index),
        claiming: false,
        promoting: false,
        promised: voter.promised,
        paused: false,
        wouldStand: true,
        receiverClosed: voter.source < 0 || mutant === 'M9',
        position:
          mutant === 'M10'
            ? { timeline: 0, lsn: 0n }
            : mutant === 'M12'
              ? { ...position(voter.log), timeline: 0 }
              : position(voter.log),
      };
      const standing = mutant === 'M12' ? { ...position(log), timeline: 0 } : position(log);
      const step = promiseStep(facts, candidacy, standing);
      if (step.do === 'close-receiver') {
        yield [`${name(index)} closes its receiver`, put(disconnect(world, index), index, { receiverClosed: true })];
      } else if (step.do === 'persist-and-grant') {
        const given = `${member(world, index)}${voter.ownsLog ? '!' : ''}`;
        const kept = put(world, index, {
          promised: candidacy,
          unsynced: mutant === 'M8' ? voter.promised + 1 : 0,
          led: mutant === 'M19' ? voter.led : 0,
          receiverClosed: true,
          candidacy: 0,
          promises: [],
        });
        const answers = [...kept.answers, [candidate, candidacy, given] as const];
        yield [`${name(index)} promises ${candidacy} to ${name(candidate)}`, { ...kept, answers }];
      }
    }
  }
}

function* answers(world: World): Iterable<Step> {
  for (const [place, [candidate, epoch, text]] of world.answers.entries()) {
    const rest = world.answers.filter((_, other) => other !== place);
    const { candidacy, promises: had } = at(world, candidate);
    const arrived = candidacy === epoch ? put(world, candidate, { promises: [...had, text] }) : world;
    yield [`${name(candidate)} hears ${text}`, { ...arrived, answers: rest }];
    if (candidacy === epoch) yield [`an answer to ${name(candidate)} is lost`, { ...world, answers: rest }];
  }
}

function* claims(world: World, { bounds, mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (!instance.up || instance.candidacy === 0) continue;
    yield [`${name(index)} gives up`, put(world, index, { candidacy: 0, promises: [], quorumOf: [] })];
    if (instance.candidacy <= world.lease.epoch) continue;
    const asked = mutant === 'M14' ? instance.quorumOf : world.lease.configs;
    const given = instance.promises.map((text) => asPromise(instance.candidacy, text));
    const enough =
      mutant === 'M13'
        ? asked.every((config) => satisfies({ ...asConfiguration(config), number: config.number + 1 }, given))
        : unsatisfied(asked.map(asConfiguration), given) === undefined;
    if (!enough) continue;
    const me = member(world, index);
    const version = 1 + Math.max(0, ...world.lease.configs.map((config) => config.version));
    const names = world.lease.members.filter((id) => id !== me);
    const own: Config = { version, epoch: instance.candidacy, owner: me, names, number: bounds.number };
    const configs = mutant === 'M15' ? [own] : [...world.lease.configs, own];
    const claimed = put(world, index, { candidacy: 0, promises: [], quorumOf: [] });
    yield [
      `${name(index)} claims ${instance.candidacy}`,
      { ...claimed, lease: { ...world.lease, holder: me, epoch: instance.candidacy, configs } },
    ];
  }
}

function* promotes(world: World, { mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    const epoch = world.lease.epoch;
    if (!instance.up || !holds(world, index) || instance.promised !== epoch || instance.role === 'primary') continue;
    if (instance.led === epoch || world.promotions.includes(epoch)) continue;
    const own = world.lease.configs.find((config) => config.owner === member(world, index) && config.epoch === epoch);
    if (!own) continue;
    const config = mutant === 'M16' ? { ...own, names: [...own.names.slice(0, -1), own.owner] } : own;
    const timeline = mutant === 'M25' ? position(instance.log).timeline + 1 : epoch;
    const log = instance.log + String(timeline);
    const missing = [...world.acknowledged].filter((letter) => !log.includes(letter));
    const twice = world.instances.some((other, who) => who !== index && other.log.includes(String(timeline)));
    const wrong =
      missing.length > 0
        ? `acknowledged ${missing.join('')} is lost by the promotion of ${name(index)}`
        : twice
          ? `timeline ${timeline} exists twice`
          : world.wrong;
    const promoted = put(disconnect(world, index), index, {
      log,
      led: epoch,
      ownsLog: true,
      role: 'primary',
      config,
      before: undefined,
      barrier: log.length,
      flushed: world.instances.map(() => ['', -1] as const),
      candidacy: 0,
      promises: [],
    });
    yield [
      `${name(index)} is promoted in ${epoch}`,
      { ...promoted, promotions: [...world.promotions, epoch], newestLog: log, wrong },
    ];
  }
}

/** Rule 17: a primary that hears of a promise above its epoch goes on under a higher one. */
function* raises(world: World, { bounds }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    if (!rules(world, index)) continue;
    const highest = Math.max(...world.instances.map((other) => (other.up ? other.promised : 0)));
    if (highest <= world.lease.epoch || highest > bounds.epochs) continue;
    const lease = { ...world.lease, epoch: highest };
    yield [
      `the lease of ${name(index)} is raised to ${highest}`,
      { ...put(world, index, { led: highest, promised: highest }), lease },
    ];
    yield [
      `the lease of ${name(index)} is raised to ${highest}, it crashes`,
      { ...fall(world, index, { up: false }), lease },
    ];
  }
}

// --- Rejoin and changes of the set

function* rejoins(world: World, { mutant }: Context): Iterable<Step> {
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
        role: 'standby',
      } as const;
      if (instance.log === '') {
        yield [`${name(index)} is cloned from ${name(source)}`, put(world, index, { ...copy, up: true })];
      } else if (
        instance.up &&
        instance.role !== 'primary' &&
        !primary.log.startsWith(instance.log) &&
        !holds(world, index)
      ) {
        yield [`${name(index)} is rewound from ${name(source)}`, put(world, index, copy)];
      }
    }
  }
}

function* changes(world: World, { bounds, mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    if (!rules(world, index)) continue;
    const primary = at(world, index);
    const { config, before, barrier } = primary;
    const { lease } = world;
    if (!config) continue;
    const listed = lease.configs.some((other) => other.version === config.version);
    // (a) A new set: those that are there and have data, by their incarnation.
    if (world.changes < bounds.changes && before === undefined && lease.configs.length === 1) {
      const present = world.instances.flatMap((other, who) =>
        who !== index && other.log !== '' ? [member(world, who)] : [],
      );
      for (const names of [present, ...present.map((left) => present.filter((id) => id !== left))]) {
        if (names.length < bounds.number || names.join() === config.names.join()) continue;
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
          mutant === 'M20' ? put(listedNow, index, { config: next, before: config }) : listedNow,
        ];
      }
    }
    // (b) In effect for some walsenders, (c) for all of them.
    const target = lease.configs.filter((other) => other.owner === member(world, index)).at(-1);
    if (target && target.version > config.version) {
      yield [`${name(index)} reloads`, put(world, index, { config: target, before: config, barrier: -1 })];
    }
    if (before !== undefined) {
      yield [
        `${name(index)}: all walsenders have it`,
        put(world, index, { before: undefined, barrier: primary.log.length }),
      ];
    }
    // (d) Barrier, (e) the older ones leave.
    const passed = mutant === 'M22' || (barrier >= 0 && flushedBy(primary, config, barrier));
    if (before === undefined && passed && (lease.configs.length > 1 || !listed)) {
      const kept = lease.configs.filter((other) => other.version >= config.version);
      const configs = kept.length > 0 ? kept : [config];
      if (configs.length < lease.configs.length || !listed) {
        yield [`${name(index)} takes older configurations out`, { ...world, lease: { ...lease, configs } }];
      }
    }
  }
}

/** All that can happen next. */
export function* syncSteps(world: World, context: Context): Iterable<Step> {
  if (world.wrong !== '') return;
  const sources = [
    writes,
    streams,
    connects,
    acknowledges,
    crashes,
    starts,
    stops,
    stands,
    promises,
    answers,
    claims,
    promotes,
    raises,
    rejoins,
    changes,
  ];
  for (const source of sources) yield* source(world, context);
}
