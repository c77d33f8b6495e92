// Candidacies, promises, claims, promotions and raises in the synchronous model.
import { nextEpoch } from '../protocol/epoch.ts';
import { inReach, satisfies, unsatisfied } from '../protocol/quorum.ts';
import { promiseStep } from '../voter/voter.ts';
import {
  type Context,
  type Step,
  asConfiguration,
  asMember,
  asPromise,
  at,
  disconnect,
  holds,
  promiseText,
  rules,
} from './sync-context.ts';
import { fall } from './sync-crashes.ts';
import { type Config, type World, member, name, position, put } from './sync-world.ts';

export function* stands(world: World, { bounds, mutant }: Context): Iterable<Step> {
  const answering = world.instances.flatMap(({ up, log }, who) =>
    up && log !== '' ? [asMember(member(world, who))] : [],
  );
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (!instance.up || instance.role === 'primary' || instance.log === '' || instance.candidacy > 0) continue;
    if (!world.lease.members.includes(member(world, index)) || holds(world, index)) continue;
    const epoch = nextEpoch([world.lease.epoch, instance.promised, instance.led, position(instance.log).timeline]);
    if (epoch > bounds.epochs) continue;
    const own = promiseText(world, index, mutant);
    const standing = put(disconnect(world, index), index, {
      promised: epoch,
      led: 0,
      candidacy: epoch,
      promises: [own],
      quorumOf: mutant === 'M14' ? world.lease.configs : [],
    });
    // Who had answered may be gone by now, so that one stands in vain is possible; that one must is not (dead ends).
    const configurations = world.lease.configs.map(asConfiguration);
    const how = inReach(configurations, answering) ? '' : ' in vain';
    yield [`${name(index)} stands for ${epoch}${how}`, standing];
  }
}

export function* promises(world: World, { mutant }: Context): Iterable<Step> {
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
          mutant === 'M10' || (mutant === 'M11' && voter.restarted)
            ? { timeline: 0, lsn: 0n }
            : mutant === 'M12'
              ? { ...position(voter.log), timeline: 0 }
              : position(voter.log),
      };
      const standing = mutant === 'M12' ? { ...position(log), timeline: 0 } : position(log);
      const step = promiseStep(facts, candidacy, standing);
      if (step.do === 'close-receiver') {
        yield [`${name(index)} closes its receiver`, disconnect(world, index)];
      } else if (step.do === 'persist-and-grant') {
        const given = promiseText(world, index, mutant);
        const kept = put(world, index, {
          promised: candidacy,
          unsynced: mutant === 'M8' ? voter.promised + 1 : 0,
          led: mutant === 'M19' ? voter.led : 0,
          ownsLog: voter.ownsLog && mutant !== 'M19b',
          candidacy: 0,
          promises: [],
        });
        const answers = [...kept.answers, [candidate, candidacy, given] as const];
        yield [`${name(index)} promises ${candidacy} to ${name(candidate)}`, { ...kept, answers }];
      }
    }
  }
}

/** A candidate that gets an answer; one to an older candidacy says nothing. */
function hears(world: World, [candidate, epoch, text]: World['answers'][number]): World {
  const { candidacy, promises: had } = at(world, candidate);
  return candidacy === epoch ? put(world, candidate, { promises: [...had, text] }) : world;
}

/**
 * All answers at once, which shows as much as in any order, late or never: who has a promise may claim without it all the same, and
 * nothing else looks at it. (One scenario has them late and lost.)
 */
export const heard = (world: World): World =>
  world.answers.length === 0 ? world : { ...world.answers.reduce(hears, world), answers: [] };

export function* answers(world: World): Iterable<Step> {
  for (const [place, answer] of world.answers.entries()) {
    const [candidate, epoch, text] = answer;
    const rest = world.answers.filter((_, other) => other !== place);
    const { candidacy } = at(world, candidate);
    const arrived = hears(world, answer);
    yield [`${name(candidate)} hears ${text.replace(/[!@].*/, '')}`, { ...arrived, answers: rest }];
    if (candidacy === epoch) yield [`an answer to ${name(candidate)} is lost`, { ...world, answers: rest }];
  }
}

/** The whole and all that lack one, if they are large enough: a claimant may leave out whom it thinks to be gone. */
function subsets(names: readonly string[], number: number): (readonly string[])[] {
  const smaller = names.map((left) => names.filter((id) => id !== left));
  return [names, ...smaller].filter((some) => some.length >= number);
}

export function* claims(world: World, { bounds, mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (!instance.up || instance.candidacy === 0) continue;
    if (mutant !== 'M18')
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
    const others = world.lease.members.filter((id) => id !== me);
    const claimed = put(world, index, { candidacy: 0, promises: [], quorumOf: [] });
    for (const names of bounds.subsets ? subsets(others, bounds.number) : [others]) {
      const own: Config = { version, epoch: instance.candidacy, owner: me, names, number: bounds.number };
      const configs = mutant === 'M15' ? [own] : [...world.lease.configs, own];
      yield [
        `${name(index)} claims ${instance.candidacy} with ${names.join()}`,
        { ...claimed, lease: { ...world.lease, holder: me, epoch: instance.candidacy, configs } },
      ];
    }
  }
}

export function* promotes(world: World, { mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    const epoch = world.lease.epoch;
    if (!instance.up || !holds(world, index) || instance.promised !== epoch || instance.role === 'primary') continue;
    if (instance.led === epoch) continue;
    const own = world.lease.configs.find((config) => config.owner === member(world, index) && config.epoch === epoch);
    if (!own) continue;
    const config = mutant === 'M16' ? { ...own, names: world.lease.members.filter((id) => id !== own.owner) } : own;
    const timeline = mutant === 'M25' ? position(instance.log).timeline + 1 : epoch;
    const log = instance.log + String(timeline);
    const missing = [...world.acknowledged].filter((letter) => !log.includes(letter));
    const twice = world.instances.some((other, who) => who !== index && other.log.includes(String(timeline)));
    const wrong =
      missing.length > 0
        ? `acknowledged ${missing.join('')} is lost by the promotion of ${name(index)}`
        : twice
          ? `timeline ${timeline} exists twice`
          : world.promotions.includes(epoch)
            ? `two promotions in epoch ${epoch}`
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
export function* raises(world: World, { bounds, mutant }: Context): Iterable<Step> {
  if (mutant === 'M18') return;
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
