// The world of the synchronous model: three (or more) instances, one lease, messages that may be lost or late. A log is a string with
// one character a record: a digit for the start of the timeline of that id, a letter for a commit. Time does not exist here, since in
// synchronous mode nothing safe may rest on it: whoever wants to stand for election may do so at any moment.

export interface Config {
  readonly version: number;
  readonly epoch: number;
  readonly owner: string;
  readonly names: readonly string[];
  readonly number: number;
}

export interface Lease {
  readonly holder: string;
  readonly epoch: number;
  readonly configs: readonly Config[];
  readonly members: readonly string[];
}

export interface Instance {
  readonly up: boolean;
  /** How many volumes it has lost: with its name the incarnation of its data directory. */
  readonly life: number;
  // On disk.
  readonly log: string;
  readonly promised: number;
  readonly led: number;
  readonly ownsLog: boolean;
  /** A rewind was begun in this directory: nothing is in it any more that can be relied upon, and it is the same life still. */
  readonly half: boolean;
  /** A standby's data: there is a standby.signal. */
  readonly follows: boolean;
  /** Lost with the process: what a mutant forgot to fsync. */
  readonly unsynced: number;
  // In memory.
  readonly role: 'primary' | 'standby' | 'stopped';
  /** Index of the primary whose WAL it receives, or −1. */
  readonly source: number;
  /** Has not streamed since it was restarted: then PostgreSQL knows no receive LSN (only a mutant looks at it). */
  readonly restarted: boolean;
  /** Epoch that it stands for, or 0, and the promises it has: members, with '!' when the giver owns its log. */
  readonly candidacy: number;
  readonly promises: readonly string[];
  /** The configurations that the lease held when it began to stand (only a mutant looks at them). */
  readonly quorumOf: readonly Config[];
  /** It has asked the primary to be taken out of the sets (rule 28). */
  readonly asks: boolean;
  /** As primary: what is in effect, what was before changes that not every walsender has seen, and the barrier of rule 19 (d). */
  readonly config: Config | undefined;
  readonly before: readonly Config[];
  readonly barrier: number;
  /** As primary: for each instance the identity under which it streams and how far it has said that it flushed (−1: not connected). */
  readonly flushed: readonly (readonly [string, number])[];
}

export interface World {
  readonly instances: readonly Instance[];
  readonly lease: Lease;
  /** Answers on the way, if they may be late: candidate, epoch, promise. */
  readonly answers: readonly (readonly [number, number, string])[];
  readonly acknowledged: string;
  readonly commits: number;
  /** Epochs in which somebody was promoted, in order, as far as they matter still, and the log with which the newest one was. */
  readonly promotions: readonly number[];
  readonly newestLog: string;
  readonly crashes: number;
  readonly losses: number;
  readonly changes: number;
  readonly stops: number;
  readonly wrong: string;
}

export interface Bounds {
  readonly instances: number;
  /** W of every configuration. */
  readonly number: number;
  readonly commits: number;
  readonly epochs: number;
  readonly crashes: number;
  readonly losses: number;
  readonly changes: number;
  readonly stops: number;
  /** A claimant may leave one member out of its configuration. */
  readonly subsets?: boolean;
  /** The answer to a claim may be lost. */
  readonly unanswered?: boolean;
  /** Answers take their time, or are lost. */
  readonly late?: boolean;
  /**
   * A rewind takes time, makes another life of the directory, and asks rule 28; the primary changes its set by the shipped table and for
   * its own reasons alone. Otherwise it is one step, and sets are changed at will.
   */
  readonly remakes?: boolean;
}

const big = BigInt;
const letters = 'abcdefghij';
export const name = (index: number): string => letters[index] ?? '?';
export const member = (world: World, index: number): string => `${name(index)}${world.instances[index]?.life}`;

export const placeOf = (id: string): number => letters.indexOf(id[0] ?? '');
export const idOf = ({ instance, incarnation }: { readonly instance: string; readonly incarnation: string }): string =>
  instance + incarnation;

/** Timeline of the last record and number of records: orders logs as (timeline, LSN) does. */
export function position(log: string): { timeline: number; lsn: bigint } {
  let last = log.length - 1;
  while (last >= 0 && log.charCodeAt(last) > 57) last -= 1;
  return { timeline: last < 0 ? 0 : log.charCodeAt(last) - 48, lsn: big(log.length) };
}

const someInstance = (primary: boolean, config: Config): Instance => ({
  up: true,
  life: 0,
  log: '1',
  promised: 1,
  led: primary ? 1 : 0,
  ownsLog: primary,
  half: false,
  follows: !primary,
  unsynced: 0,
  role: primary ? 'primary' : 'standby',
  source: primary ? -1 : 0,
  restarted: false,
  candidacy: 0,
  promises: [],
  quorumOf: [],
  asks: false,
  config: primary ? config : undefined,
  before: [],
  barrier: -1,
  flushed: primary ? config.names.map((standby) => [standby, 1] as const) : [],
});

/** A healthy cluster: the first instance leads in epoch 1, the others stream from it. */
export function healthyCluster({ instances, number }: Bounds): World {
  const members = Array.from({ length: instances }, (_, index) => `${name(index)}0`);
  const config: Config = { version: 1, epoch: 1, owner: members[0] ?? '', names: members.slice(1), number };
  return {
    instances: members.map((_, index) => {
      const made = someInstance(index === 0, config);
      return index === 0 ? { ...made, flushed: [['', -1], ...made.flushed] } : made;
    }),
    lease: { holder: members[0] ?? '', epoch: 1, configs: [config], members },
    answers: [],
    acknowledged: '',
    commits: 0,
    promotions: [1],
    newestLog: '1',
    crashes: 0,
    losses: 0,
    changes: 0,
    stops: 0,
    wrong: '',
  };
}

/** The world with one instance changed. */
export function put(world: World, index: number, change: Partial<Instance>): World {
  const instances = world.instances.map((instance, at) => (at === index ? { ...instance, ...change } : instance));
  return { ...world, instances };
}
