// Where the asynchronous model begins, how far it goes, and what each mutant breaks there.
import { AsyncWorlds } from './async-key.ts';
import type { AsyncMutant, Step } from './async-context.ts';
import { hasRoom, isFair, stable } from './async-goal.ts';
import { asyncSteps } from './async-steps.ts';
import { type AsyncBounds, type AsyncWorld, healthyAsync } from './async-world.ts';
import { type Exploration, explore, follow } from './explore.ts';

export interface AsyncScenario {
  readonly bounds: AsyncBounds;
  readonly begins?: readonly string[];
  /** Looks for states from which no primary is reachable. */
  readonly deadEnds?: boolean;
}

export function exploreAsync(
  { bounds, begins = [], deadEnds }: AsyncScenario,
  mutant?: AsyncMutant,
  limit?: number,
): Exploration {
  const worlds = new AsyncWorlds(bounds.instances);
  const steps = (world: AsyncWorld): Iterable<Step> => asyncSteps(world, { bounds, mutant }, worlds.share);
  return explore<AsyncWorld>(
    {
      initial: follow(steps, healthyAsync(bounds), begins),
      steps,
      violated: (world) => world.wrong || undefined,
      key: (world) => worlds.key(world),
      ...(deadEnds ? { goal: stable, fair: isFair, judged: (world) => hasRoom(world, bounds) } : {}),
    },
    limit,
  );
}

const small: AsyncBounds = {
  instances: 2,
  duration: 4,
  renewDeadline: 2,
  stop: 1,
  epochs: 2,
  crashes: 0,
  outages: 0,
  deletions: 0,
};
const twice = /two primaries/;
const gaveBack = [
  'a is stopped',
  'a releases the lease',
  'b reads the lease',
  'b stands for 2',
  'b sends its claim of 2',
];

/**
 * The smallest scenario in which each mutant is seen, and what is seen of it. M27 is in none: a claim can only be under way while
 * the primary lives by holds if the claimant waited less than leaseDuration (rule 5), and its own hold keeps it from promoting.
 */
export const asyncMutants: Record<Exclude<AsyncMutant, 'M27'>, AsyncScenario & { readonly shows: RegExp }> = {
  M1: { bounds: small, shows: twice },
  M2: { bounds: small, shows: twice },
  M3: { bounds: { ...small, crashes: 1 }, shows: twice },
  M4: { bounds: { ...small, deletions: 1 }, shows: twice },
  M5: { bounds: { ...small, deletions: 1 }, shows: /two promotions in epoch/ },
  M6: { bounds: small, shows: twice },
  M28: {
    bounds: { ...small, instances: 3, outages: 1 },
    begins: ['a reaches the API server no more', 'tick', 'a begins a round of holds', 'b grants a hold to a'],
    shows: twice,
  },
  M29: { bounds: { ...small, outages: 1 }, shows: twice },
  M31: {
    bounds: { ...small, instances: 1, epochs: 4, unanswered: true },
    begins: ['a is stopped', 'a releases the lease'],
    deadEnds: true,
    shows: /dead end/,
  },
  M33: {
    bounds: { ...small, epochs: 3, unanswered: true },
    begins: [...gaveBack, 'claim of b is done', 'a reads the lease', 'tick', 'claim of b times out'],
    shows: twice,
  },
  M37: {
    bounds: { ...small, deletions: 1 },
    begins: ['a is stopped', 'a releases the lease', 'a stands for 2', 'a sends its claim of 2', 'claim of a is done'],
    shows: /two promotions in epoch/,
  },
  M34: { bounds: { ...small, commits: 1 }, shows: /lacks some of/ },
  M34b: { bounds: { ...small, commits: 1 }, shows: /lacks some of/ },
};

/** Clocks that differ by less than the slack of rule 3, and by more: its formula is no stricter than it must be. */
export const withinTheSlack: AsyncScenario = { bounds: { ...small, duration: 5, drifts: 1 } };
export const beyondTheSlack: AsyncScenario = { bounds: { ...small, drifts: 1 } };

/** What check:models explores of the shipped protocol, by name. */
export const asyncScenarios: Record<string, AsyncScenario> = {
  // Each candidacy takes an epoch of its own, also in vain: here one, in the next two.
  'two instances, an outage and a death': { bounds: { ...small, outages: 1, crashes: 1 } },
  'two instances, three epochs, an outage and a death': {
    bounds: { ...small, epochs: 3, outages: 1, crashes: 1 },
  },
  'two instances, two outages': { bounds: { ...small, outages: 2 } },
  'two instances, a deleted lease': { bounds: { ...small, deletions: 1, outages: 1 } },
  'two instances, three epochs, a death': { bounds: { ...small, epochs: 3, crashes: 1 } },
  'two instances, clocks differ': { bounds: { ...small, duration: 5, drifts: 1, outages: 1 } },
  'two instances, answers to claims are lost': { bounds: { ...small, epochs: 3, unanswered: true } },
  'two instances, answers to claims are lost, a death': {
    bounds: { ...small, epochs: 3, crashes: 1, unanswered: true },
    begins: gaveBack,
  },
  'two instances, answers to claims are lost, an outage': {
    bounds: { ...small, outages: 1, unanswered: true },
  },
  'two instances, two writes, a death': { bounds: { ...small, epochs: 3, commits: 2, crashes: 1 } },
  'three instances, a write, a role that is given back': {
    bounds: { ...small, instances: 3, epochs: 3, commits: 1 },
    begins: ['a writes q', 'b receives all of a', 'a is stopped', 'a releases the lease'],
  },
  'dead ends: answers to claims are lost': {
    bounds: { ...small, instances: 1, epochs: 4, crashes: 1, outages: 1, unanswered: true },
    deadEnds: true,
  },
  'three instances': { bounds: { ...small, instances: 3, epochs: 3 } },
  'three instances, an outage': { bounds: { ...small, instances: 3, outages: 1 } },
  'four instances': { bounds: { ...small, instances: 4 } },
  'three instances, the primary is cut off': {
    bounds: { ...small, instances: 3, outages: 1, crashes: 1 },
    begins: ['a reaches the API server no more', 'tick', 'a begins a round of holds'],
  },
};
