// Where the synchronous model begins, how far it goes, and what each mutant breaks there. A scenario begins part-way by naming the
// steps that led there, so that a long story is explored in seconds.
import { type Exploration, explore, follow } from './explore.ts';
import type { Step, SyncMutant } from './sync-context.ts';
import { hasRoom, isFair, stable } from './sync-goal.ts';
import { syncSteps } from './sync-steps.ts';
import { SyncWorlds } from './sync-key.ts';
import { type Bounds, type World, healthyCluster } from './sync-world.ts';

export interface SyncScenario {
  readonly bounds: Bounds;
  readonly begins?: readonly string[];
  /** Looks for states from which no primary that acknowledges is reachable. */
  readonly deadEnds?: boolean;
}

export function exploreSync(
  { bounds, begins = [], deadEnds }: SyncScenario,
  mutant?: SyncMutant,
  limit?: number,
): Exploration {
  const worlds = new SyncWorlds(bounds.instances);
  function* steps(world: World): Iterable<Step> {
    for (const [step, reached] of syncSteps(world, { bounds, mutant })) yield [step, worlds.share(reached)];
  }
  return explore<World>(
    {
      initial: follow(steps, healthyCluster(bounds), begins),
      steps,
      violated: (world) => world.wrong || undefined,
      key: (world) => worlds.key(world),
      ...(deadEnds ? { goal: stable, fair: isFair, judged: (world) => hasRoom(world, bounds) } : {}),
    },
    limit,
  );
}

const small: Bounds = { instances: 3, number: 1, commits: 1, epochs: 2, crashes: 0, losses: 0, changes: 0, stops: 0 };

/** The first primary is gone, the second was elected by the third and has begun to lead in epoch 2. */
const failedOver = ['a crashes', 'b stands for 2', 'c promises 2 to b', 'b claims 2 with a0,c0', 'b is promoted in 2'];
const lostWhileStanding = ['b stands for 2', 'c closes its receiver', 'c promises 2 to b', 'c loses its volume'];
const anUnreplicatedWrite = ['a writes q', 'a writes r', ...failedOver, 'a starts as standby'];

const gaveWay = ['a is stopped', 'b stands for 2', 'a promises 2 to b'];
const afterAnother: SyncScenario = {
  bounds: { ...small, epochs: 4, crashes: 1, stops: 1 },
  begins: [...gaveWay, 'b claims 2 with a0,c0'],
};
const claimsOfAStopped: SyncScenario = {
  bounds: { ...small, commits: 0, epochs: 5, losses: 1, stops: 1, unanswered: true },
  begins: [...gaveWay, 'c loses its volume'],
  deadEnds: true,
};

/**
 * The second was elected, wrote and fell while the third, elected after it, had its timeline; the first wrote what nobody has. Both are
 * astray, and both are named in the set of the third.
 */
const bothAstray = [
  ...[
    'a writes q',
    ...failedOver,
    'c connects to b',
    'c receives 2',
    'a starts as standby',
    'b writes r',
    'c receives r',
  ],
  ...['b writes s', 'b crashes'],
  ...['c stands for 3', 'a promises 3 to c', 'c claims 3 with a0,b0', 'c is promoted in 3', 'b starts as standby'],
];
/** The first is being rewound onto the second, out of its sets by then, when the third is elected, who names both. */
const oneHalfRewound = [
  ...['a writes q', ...failedOver, 'c connects to b', 'c receives 2', 'a starts as standby', 'a asks to leave the set'],
  ...['b publishes [c0]', 'b reloads', 'b: all walsenders have it', 'b takes older configurations out'],
  ...[
    'a begins to be rewound',
    'b writes r',
    'b crashes',
    'c stands for 3',
    'c claims 3 with a0,b0',
    'c is promoted in 3',
  ],
  'b starts as standby',
];
const madeAnew: Bounds = { ...small, commits: 2, epochs: 5, crashes: 2, changes: 5, remakes: true };

/** The smallest scenario in which each mutant is seen, and what is seen of it. */
export const syncMutants: Record<SyncMutant, SyncScenario & { readonly shows: RegExp }> = {
  M7: {
    bounds: { ...small, commits: 0, epochs: 3, crashes: 1, losses: 2, changes: 1 },
    begins: ['b loses its volume', 'c stands for 2', 'the lease of a is raised to 2, it crashes', 'c loses its volume'],
    deadEnds: true,
    shows: /dead end/,
  },
  M8: { bounds: { ...small, crashes: 1 }, shows: /is lost|does not have it/ },
  M9: { bounds: small, shows: /is lost|does not have it/ },
  M10: { bounds: { ...small, crashes: 0 }, shows: /is lost|does not have it/ },
  M11: { bounds: { ...small, crashes: 1 }, shows: /is lost|does not have it/ },
  M12: {
    bounds: { ...small, commits: 3, epochs: 3, crashes: 1 },
    begins: [...anUnreplicatedWrite, 'b writes s', 'c connects to b', 'c receives 2', 'c receives s'],
    shows: /is lost|does not have it/,
  },
  M13: { bounds: small, shows: /is lost|does not have it/ },
  M14: { bounds: { ...small, losses: 1, changes: 1 }, begins: lostWhileStanding, shows: /is lost|does not have it/ },
  M15: {
    bounds: { ...small, epochs: 3, subsets: true },
    begins: ['a writes q', 'b receives q', 'b stands for 2'],
    shows: /is lost|does not have it/,
  },
  M16: {
    bounds: { ...small, epochs: 3, crashes: 1, subsets: true },
    begins: [...failedOver.slice(0, -2), 'b claims 2 with c0'],
    shows: /is lost|does not have it/,
  },
  M17: { bounds: { ...small, epochs: 3 }, shows: /is lost|does not have it/ },
  M18: { bounds: { ...small, commits: 0, epochs: 4 }, deadEnds: true, shows: /dead end/ },
  M19: { bounds: { ...small, epochs: 3, stops: 1 }, shows: /is lost|does not have it/ },
  M19b: {
    bounds: { ...small, commits: 0, epochs: 4, losses: 1, stops: 1, changes: 1 },
    begins: ['a is stopped', 'b stands for 2', 'a promises 2 to b', 'c loses its volume'],
    deadEnds: true,
    shows: /dead end/,
  },
  M20: {
    bounds: { ...small, changes: 2 },
    begins: [],
    shows: /is lost|does not have it/,
  },
  M21: { bounds: { ...small, changes: 1 }, shows: /is lost|does not have it/ },
  M22: { bounds: { ...small, changes: 1 }, shows: /is lost|does not have it/ },
  M23: { bounds: { ...small, losses: 1 }, begins: lostWhileStanding, shows: /is lost|does not have it/ },
  M24: {
    bounds: { ...small, commits: 3, epochs: 3, crashes: 1 },
    begins: [...anUnreplicatedWrite, 'b writes s'],
    shows: /is lost|does not have it/,
  },
  M25: { bounds: { ...small, commits: 0, epochs: 3, crashes: 1 }, shows: /exists twice/ },
  M26: {
    bounds: { ...small, epochs: 3, crashes: 1 },
    begins: [
      'b stands for 2',
      'c closes its receiver',
      ...failedOver.slice(2),
      'c connects to b',
      'c receives 2',
      'b writes q',
      'c receives q',
      'c loses its connection',
    ],
    shows: /is lost|does not have it/,
  },
  M30: { bounds: small, shows: /is lost|does not have it/ },
  M31: { ...claimsOfAStopped, shows: /dead end/ },
  M32: { ...afterAnother, shows: /is lost|does not have it/ },
  M35: { bounds: madeAnew, begins: oneHalfRewound, deadEnds: true, shows: /dead end/ },
  M36: { bounds: { ...madeAnew, commits: 3 }, begins: bothAstray, shows: /is lost|does not have it/ },
};

const three = { instances: 3, number: 1, commits: 1, epochs: 3, crashes: 0, losses: 0, changes: 0, stops: 0 };

/** What check:models explores of the shipped protocol, by name. */
export const syncScenarios: Record<string, SyncScenario> = {
  'ANY 1, two commits': { bounds: { ...three, commits: 2 } },
  'ANY 1, a crash': { bounds: { ...three, crashes: 1 } },
  'ANY 1, a crash, answers are late or lost': { bounds: { ...three, crashes: 1, late: true } },
  'ANY 1, two crashes': { bounds: { ...three, commits: 1, epochs: 2, crashes: 2 } },
  'ANY 1, two commits, two crashes': { bounds: { ...three, commits: 2, crashes: 2 } },
  'ANY 1, four epochs': { bounds: { ...three, epochs: 4, crashes: 1 } },
  'ANY 1, two lost volumes, two set changes': { bounds: { ...three, losses: 2, changes: 2 } },
  'ANY 1, a stop and a crash': { bounds: { ...three, epochs: 2, crashes: 1, stops: 1 } },
  'ANY 1, a stop and a crash, answers to claims are lost': {
    bounds: { ...three, crashes: 1, stops: 1, unanswered: true },
  },
  'ANY 1, a stopped primary stands after another': afterAnother,
  'ANY 1, a lost volume': { bounds: { ...three, losses: 1 } },
  'ANY 1, a set change': { bounds: { ...three, epochs: 2, changes: 1, crashes: 1 } },
  'ANY 1, two set changes': { bounds: { ...three, epochs: 2, changes: 2 } },
  'ANY 1, a lost volume in a set change': { bounds: { ...three, epochs: 2, losses: 1, changes: 1 } },
  'ANY 1, claims of subsets': { bounds: { ...three, subsets: true, crashes: 1 } },
  'ANY 1, after a failover': { bounds: { ...three, commits: 2, epochs: 4, crashes: 1 }, begins: failedOver },
  'ANY 1, after a failover, a lost volume': {
    bounds: { ...three, commits: 1, crashes: 1, losses: 1, changes: 1 },
    begins: failedOver,
  },
  'ANY 2, a crash': { bounds: { ...three, number: 2, crashes: 1 } },
  'ANY 2, a lost volume in a set change': { bounds: { ...three, number: 2, losses: 1, changes: 1 } },
  '4 instances, ANY 1': { bounds: { ...three, instances: 4, epochs: 2 } },
  '4 instances, ANY 2, a crash': { bounds: { ...three, instances: 4, number: 2, epochs: 2, crashes: 1 } },
  '5 instances, ANY 2': { bounds: { ...three, instances: 5, number: 2, epochs: 2 } },
  'ANY 1, a raised lease and a set change': {
    bounds: { ...three, crashes: 1, changes: 1 },
    begins: ['b stands for 2', 'the lease of a is raised to 2'],
  },
  // Who claimed, restarted and promised to another before it read its lease (quorum.ts).
  'dead ends: a claimant promises again': {
    bounds: { ...three, commits: 0, epochs: 5, losses: 1 },
    begins: [
      ...failedOver.slice(1, 2),
      'c closes its receiver',
      ...failedOver.slice(2, -1),
      'c stands for 3',
      'b promises 3 to c',
      'a loses its volume',
    ],
    deadEnds: true,
  },
  'dead ends: answers to claims are lost': claimsOfAStopped,
  'dead ends: a crash': { bounds: { ...three, commits: 0, epochs: 4, crashes: 1 }, deadEnds: true },
  'dead ends: a lost volume': { bounds: { ...three, commits: 0, losses: 1, changes: 1 }, deadEnds: true },
  'dead ends: a stop': { bounds: { ...three, commits: 0, epochs: 4, stops: 1 }, deadEnds: true },
  'dead ends: one half rewound, one astray, both named': {
    bounds: madeAnew,
    begins: oneHalfRewound,
    deadEnds: true,
  },
  'dead ends: both standbys astray and named': {
    bounds: { ...madeAnew, commits: 3 },
    begins: bothAstray,
    deadEnds: true,
  },
  'ANY 1, one half rewound, one astray, a commit': { bounds: { ...madeAnew, commits: 3 }, begins: oneHalfRewound },
  'dead ends: after a failover': {
    bounds: { ...three, commits: 0, epochs: 4, crashes: 2 },
    begins: failedOver,
    deadEnds: true,
  },
};
