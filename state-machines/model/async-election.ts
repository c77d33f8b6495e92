// Candidacies, claims, what follows from them, and promotions in the asynchronous model, as the shipped tables decide them.
import { type ElectionFacts, electionRows, silence } from '../election/machine.ts';
import { lacksSome, passedOver } from '../election/succession.ts';
import { type PromotionFacts, promotionRows } from '../promotion/machine.ts';
import { nextEpoch } from '../protocol/epoch.ts';
import { absent, at, type AsyncMutant, type Context, name, read, sees, type Step } from './async-context.ts';
import { type AsyncBounds, type AsyncWorld, type Call, type Instance, nobody, put, version } from './async-world.ts';
import { decide } from './first-row.ts';
import { position } from './sync-world.ts';

/** A stopped primary, and another has had the lease since. What the lease of before said is acted upon in vain. */
export function isPassedOver({ lease }: AsyncWorld, index: number, instance: Instance): boolean {
  const { seen, seenHolder, seenEpoch, led, role } = instance;
  const gaveBack = seenHolder === nobody && (seen !== version.present || lease.from === index);
  const data = { primaryData: role === 'stopped', epoch: led };
  return passedOver(data, { epoch: seenEpoch, ours: seenHolder === index || gaveBack });
}

/** Of a lease that was given back with the end of a log. */
function standing(world: AsyncWorld, instance: Instance, { bounds, mutant }: Context): ElectionFacts['standing'] {
  const { end } = world.lease;
  if (mutant === 'M34b' || instance.seen !== version.present || end === '') return 'first';
  const time = { unchangedFor: instance.unchanged, duration: bounds.duration };
  return lacksSome(position(instance.log), position(end), time) ? 'behind' : 'first';
}

const leaseFact = (seen: ReturnType<typeof sees>, mutant: AsyncMutant | undefined): ElectionFacts['lease'] => {
  if (seen === 'absent') return mutant === 'M4' ? 'released' : 'absent';
  return seen === 'mine' || seen === 'released' ? seen : 'held';
};

function candidacyOf(instance: Instance): Pick<ElectionFacts, 'candidacy'> {
  const { candidacy, call, overtaken, promised } = instance;
  if (candidacy === 0) return {};
  const claim = call?.kind === 'claim' ? (call.outcome === 'lost' ? 'answer-lost' : 'sent') : 'unsent';
  const asked = { prevote: 'granted', quorum: true, refused: false, timedOut: false } as const;
  return { candidacy: { ...asked, epoch: candidacy, promised: promised >= candidacy, overtaken, claim } };
}

function electionFacts(world: AsyncWorld, index: number, context: Context): ElectionFacts {
  const { bounds, mutant } = context;
  const instance = at(world, index);
  const { promised, led, seenEpoch, entered } = instance;
  const lease = leaseFact(sees(index, instance), mutant);
  const known = seenEpoch !== promised || led === seenEpoch || entered === seenEpoch;
  return {
    ...{ now: 0, mode: 'async', member: true, paused: false },
    whole: !isPassedOver(world, index, instance),
    apiAnswers: instance.api && instance.seen >= 0,
    ...(mutant === 'M29' ? {} : { holdUntil: instance.held }),
    lease,
    entered: lease !== 'mine' || (instance.candidacy === 0 && known),
    unchangedFor: instance.unchanged,
    patience: mutant === 'M2' ? 1 : bounds.duration,
    // Whatever is heard of the holder, or not heard: it must not matter here.
    ...{ overdue: 0, unansweredPulses: silence, delayed: false, holderAnswers: false, leaseInDoubt: false },
    standing: standing(world, instance, context),
    quorumInReach: true,
    ...candidacyOf(instance),
  };
}

/** The epoch is reserved in the Cluster's status as it is chosen, by compare-and-swap: both are one step (rule 7). */
function stands(world: AsyncWorld, index: number, { bounds, mutant }: Context): AsyncWorld | undefined {
  const instance = at(world, index);
  const { seenEpoch, promised, led } = instance;
  const seen = mutant === 'M5' ? [seenEpoch] : [seenEpoch, promised, led, world.status];
  const epoch = nextEpoch(absent(instance) && mutant === 'M5' ? [] : seen);
  if (epoch > bounds.epochs) return undefined;
  const after = put(world, index, {
    ...{ candidacy: epoch, overtaken: false },
    ...{ promised: Math.max(promised, epoch), led: 0 },
  });
  return mutant === 'M37' ? after : { ...after, status: Math.max(world.status, epoch) };
}

/** The world in which somebody has begun to lead in an epoch; once only. */
function leads(world: AsyncWorld, epoch: number): AsyncWorld {
  const twice = world.promotions.includes(epoch) ? `two promotions in epoch ${epoch}` : '';
  return { ...world, promotions: [...world.promotions, epoch], wrong: world.wrong || twice };
}

/**
 * What follows from a claim that was done, whoever brought the word of it. One that this process has sent counts from then. A directory
 * that is a primary's goes on in the new epoch.
 */
export function entered(
  world: AsyncWorld,
  index: number,
  { renewDeadline }: AsyncBounds,
  mutant?: AsyncMutant,
): AsyncWorld {
  const instance = at(world, index);
  const { call, candidacy, seenEpoch, role } = instance;
  const own = call?.kind === 'claim' && candidacy === seenEpoch;
  const until = renewDeadline - (mutant === 'M33' ? 0 : (call?.age ?? 0));
  const change = {
    ...{ call: undefined, candidacy: 0, entered: seenEpoch },
    ...(own ? { fresh: Math.max(instance.fresh ?? -9, until) } : {}),
  };
  return put(world, index, role === 'stopped' ? { ...change, led: seenEpoch } : change);
}

/** Mine: the next decision is what follows from it. Another's: the claim is given up, though it may arrive still. */
function readsBack(world: AsyncWorld, index: number): AsyncWorld {
  const after = put(world, index, read(world, index));
  return sees(index, at(after, index)) === 'mine' ? after : put(after, index, { call: undefined, candidacy: 0 });
}

export function* elections(world: AsyncWorld, context: Context): Iterable<Step> {
  const { bounds, mutant } = context;
  const rows = mutant === 'M31' ? electionRows.filter(({ rule }) => rule !== 'claim-was-done') : electionRows;
  for (const [index, instance] of world.instances.entries()) {
    const waits = instance.call !== undefined && instance.call.outcome !== 'lost';
    if (!instance.up || instance.role === 'primary' || waits) continue;
    const action = decide(rows, electionFacts(world, index, context));
    if (action.type === 'ask-prevotes') {
      const after = stands(world, index, context);
      if (after) yield [`${name(index)} stands for ${at(after, index).candidacy}`, after];
    } else if (action.type === 'claim') {
      const call: Call = { kind: 'claim', age: 0, version: instance.seen, epoch: instance.candidacy, outcome: 'open' };
      yield [`${name(index)} sends its claim of ${instance.candidacy}`, put(world, index, { call })];
    } else if (action.type === 'enter') {
      yield [`${name(index)} finds that its claim was done`, entered(world, index, bounds, mutant)];
    } else if (action.type === 'read-back' && instance.api) {
      yield [`${name(index)} reads back`, readsBack(world, index)];
    } else if (action.type === 'give-up') {
      yield [`${name(index)} gives up`, put(world, index, { candidacy: 0 })];
    }
  }
}

/** §5, promotion, when all has been done that costs no decision. First of all a claim that is known only from the lease is renewed. */
export function* promotions(world: AsyncWorld, { mutant, bounds }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    if (!instance.up || instance.role === 'primary' || instance.seen < 0) continue;
    const { seenEpoch: epoch, promised, fresh, held, role, call, log } = instance;
    const facts: PromotionFacts = {
      ...{ now: 0, leaving: false, elected: sees(index, instance) === 'mine', epoch, promised },
      ...(fresh === undefined ? {} : { freshUntil: fresh }),
      ...(mutant === 'M29' ? {} : { holdUntil: held }),
      ...{ renewing: call !== undefined, postgres: role === 'stopped' ? 'down' : role, receiverClosed: true },
      ...{ oldLabel: 'off', configurationInEffect: true, historiesPlanted: true, ledPersisted: true },
      ...{ promotionTimeout: 1, promoted: true, peersTold: true, ownLabel: true, statusWritten: true },
    };
    const action = decide(promotionRows, facts);
    if (action.type === 'renew' && instance.api) {
      const renewal = { kind: 'renew', age: 0, version: instance.seen, epoch, outcome: 'open' } as const;
      yield [`${name(index)} renews before it is promoted`, put(world, index, { call: renewal })];
    } else if (action.type === 'promote') {
      const grown = bounds.commits === undefined ? '' : `${log}${epoch}`;
      const promoted = leads(put(world, index, { role: 'primary', led: epoch, log: grown }), epoch);
      // Somebody writes afterwards what has been, and no more (M37).
      yield [`${name(index)} is promoted in ${epoch}`, { ...promoted, status: Math.max(world.status, epoch) }];
    }
  }
}
