// Candidacies, promises, claims, promotions and raises in the synchronous model.
import { type ElectionAction, type ElectionFacts, electionRows } from '../election/machine.ts';
import { passedOver } from '../election/succession.ts';
import { type PromotionFacts, promotionRows } from '../promotion/machine.ts';
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
  owns,
  promiseText,
  rules,
  type SyncMutant,
  unasked,
} from './sync-context.ts';
import { fall } from './sync-crashes.ts';
import { type Config, type World, member, name, position, put } from './sync-world.ts';

/** Whoever holds the lease here gives it back to nobody: it names the last one who claimed. */
const isPassedOver = (world: World, index: number): boolean =>
  passedOver(
    { primaryData: !at(world, index).follows, epoch: 0 },
    { epoch: world.lease.epoch, ours: holds(world, index) },
  );

/** A claim was done, and its answer has not come. */
const claiming = (world: World, index: number): boolean => {
  const { candidacy } = at(world, index);
  return candidacy > 0 && owns(world, index) && world.lease.epoch === candidacy;
};

export function* stands(world: World, { bounds, mutant }: Context): Iterable<Step> {
  const answering = world.instances.flatMap(({ up, log }, who) =>
    up && log !== '' ? [asMember(member(world, who))] : [],
  );
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (!instance.up || instance.role === 'primary' || instance.log === '' || instance.candidacy > 0) continue;
    if (!world.lease.members.includes(member(world, index)) || owns(world, index)) continue;
    if (isPassedOver(world, index) && mutant !== 'M32') continue;
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
        claiming: claiming(world, index),
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

/** What the shipped table says of a candidate, or of one whose claim was done. Nothing waits for time here, and nobody is asked in vain. */
function decide(world: World, index: number, mutant: SyncMutant | undefined): ElectionAction['type'] {
  const { candidacy, promises: had, promised, led, follows, quorumOf } = at(world, index);
  const asked = mutant === 'M14' ? quorumOf : world.lease.configs;
  const given = had.map((text) => asPromise(candidacy, text));
  const quorum =
    mutant === 'M13'
      ? asked.every((config) => satisfies({ ...asConfiguration(config), number: config.number + 1 }, given))
      : unsatisfied(asked.map(asConfiguration), given) === undefined;
  const mine = owns(world, index);
  const { epoch } = world.lease;
  const done = claiming(world, index);
  const standing: NonNullable<ElectionFacts['candidacy']> = {
    ...{ epoch: candidacy, prevote: 'granted', promised: true, quorum, refused: false, timedOut: false },
    ...{ overtaken: !done && candidacy <= epoch, claim: done ? 'answer-lost' : 'unsent' },
  };
  const facts: ElectionFacts = {
    ...{ now: 0, mode: 'sync', member: true, whole: mutant === 'M32' || !isPassedOver(world, index), apiAnswers: true },
    ...{ paused: false, lease: mine ? 'mine' : 'held', unchangedFor: 1, patience: 1, overdue: 1, unansweredPulses: 0 },
    // What only a process remembers does nothing when it is done again.
    entered: !mine || (candidacy === 0 && (follows || led === epoch || promised !== epoch)),
    ...{ delayed: false, holderAnswers: false, leaseInDoubt: false, standing: 'first', quorumInReach: true },
    ...(candidacy > 0 ? { candidacy: standing } : {}),
  };
  const rows = mutant === 'M31' ? electionRows.filter(({ rule }) => rule !== 'claim-was-done') : electionRows;
  return rows.find(({ when }) => when(facts))?.action.type ?? 'stay';
}

const resigned = { candidacy: 0, promises: [], quorumOf: [] } as const;

/** What follows from a claim: a directory that is a primary's already goes on in the new epoch on its own timeline. */
function entered(world: World, index: number): World {
  const { epoch } = world.lease;
  return put(world, index, { ...resigned, ...(at(world, index).follows ? {} : { led: epoch, ownsLog: true }) });
}

export function* claims(world: World, { bounds, mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    if (!instance.up || (instance.candidacy === 0 && instance.role !== 'stopped')) continue;
    const action = decide(world, index, mutant);
    if (action === 'enter') yield [`${name(index)} finds that its claim was done`, entered(world, index)];
    const standing = instance.candidacy > 0 && !claiming(world, index);
    // By its own decision, or because time is up (rule 17).
    if (standing && mutant !== 'M18') yield [`${name(index)} gives up`, put(world, index, resigned)];
    if (action !== 'claim') continue;
    const me = member(world, index);
    const version = 1 + Math.max(0, ...world.lease.configs.map((config) => config.version));
    const others = world.lease.members.filter((id) => id !== me);
    for (const names of bounds.subsets ? subsets(others, bounds.number) : [others]) {
      const own: Config = { version, epoch: instance.candidacy, owner: me, names, number: bounds.number };
      const configs = mutant === 'M15' ? [own] : [...world.lease.configs, own];
      const done = { ...world, lease: { ...world.lease, holder: me, epoch: instance.candidacy, configs } };
      const step = `${name(index)} claims ${instance.candidacy} with ${names.join()}`;
      yield [step, entered(done, index)];
      // It goes on whether it knows of it or not; one that stopped as primary does not.
      if (bounds.unanswered) yield [`${step}, its answer is lost`, done];
    }
  }
}

/** What the shipped table says of one who holds the lease, when all that it orders before has been done. */
function mayPromote(world: World, index: number): boolean {
  const { promised, role } = at(world, index);
  const facts: PromotionFacts = {
    ...{ now: 0, leaving: false, elected: owns(world, index), epoch: world.lease.epoch, promised, freshUntil: 1 },
    ...{ renewing: false, postgres: role === 'stopped' ? 'down' : role, receiverClosed: true, oldLabel: 'off' },
    ...{ configurationInEffect: true, historiesPlanted: true, ledPersisted: true, promotionTimeout: 1 },
    ...{ promoted: true, peersTold: true, ownLabel: true, statusWritten: true },
  };
  return promotionRows.find(({ when }) => when(facts))?.action.type === 'promote';
}

export function* promotes(world: World, { mutant }: Context): Iterable<Step> {
  for (const index of world.instances.keys()) {
    const instance = at(world, index);
    const epoch = world.lease.epoch;
    if (!instance.up || instance.led === epoch || !mayPromote(world, index)) continue;
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
    const promoted = put(disconnect(unasked(world), index), index, {
      ...resigned,
      log,
      led: epoch,
      ownsLog: true,
      role: 'primary',
      follows: false,
      config,
      before: [],
      barrier: log.length,
      flushed: world.instances.map(() => ['', -1] as const),
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
