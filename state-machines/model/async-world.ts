// The world of the asynchronous model: here only time keeps two primaries apart, so it is about clocks, leases and holds. Time goes in
// ticks; what is stored of it is how long ago or how long still, so that the world stays finite. Everybody may be as slow as he likes,
// but for one thing: a primary past its deadline is dead after `stop` ticks.

export interface AsyncBounds {
  readonly instances: number;
  /** D, Rd and S of docs/ha-protocol.md, in ticks. */
  readonly duration: number;
  readonly renewDeadline: number;
  readonly stop: number;
  readonly epochs: number;
  readonly crashes: number;
  /** Times that the API server goes away, for all or for one. */
  readonly outages: number;
  /** Times that the lease is deleted. */
  readonly deletions: number;
  /** Writes; without any, logs are nobody's concern. */
  readonly commits?: number;
  /** Claims may be answered too late, or never. */
  readonly unanswered?: boolean;
  /** Ticks by which clocks may differ altogether. */
  readonly drifts?: number;
}

/** A call to the API server that changes the lease, on its way. */
export interface Call {
  readonly kind: 'renew' | 'claim' | 'recreate';
  /** Ticks since it was sent. */
  readonly age: number;
  /** Version that the compare-and-swap expects (0 = absent). */
  readonly version: number;
  readonly epoch: number;
  /** 'lost': the caller does not wait any longer, and does not know what became of it. */
  readonly outcome: 'open' | 'done' | 'conflict' | 'lost';
}

export interface Instance {
  readonly up: boolean;
  /** It reaches the API server. */
  readonly api: boolean;
  readonly role: 'primary' | 'standby' | 'stopped';
  readonly promised: number;
  readonly led: number;
  /** Ticks until the deadline of rule 1; not armed: undefined. Kept outside the manager, so that its restart does not lose it. */
  readonly fresh: number | undefined;
  /** The version of the lease that was last read (−1: none in this life), what it said, and for how many ticks it was seen so. */
  readonly seen: number;
  readonly seenHolder: number;
  readonly seenEpoch: number;
  readonly unchanged: number;
  /** Ticks for which a granted hold binds. */
  readonly held: number;
  readonly call: Call | undefined;
  readonly candidacy: number;
  /** The lease is not any more what it was when it began to stand, as far as it knows. */
  readonly overtaken: boolean;
  /** The epoch of the last claim that this process has taken note of. */
  readonly entered: number;
  /** One character a record, as in the synchronous model; empty where there are no writes. */
  readonly log: string;
  /** Stopped in good order: its log has an end that is known. */
  readonly closed: boolean;
  /** A round of holds: ticks since it was begun, and who has granted. */
  readonly round: { readonly age: number; readonly granted: readonly number[] } | undefined;
}

export interface AsyncWorld {
  readonly instances: readonly Instance[];
  readonly lease: {
    readonly version: number;
    readonly holder: number;
    readonly epoch: number;
    /** Who gave it back, and where his log ended, if he closed it (ADR 22). */
    readonly from: number;
    readonly end: string;
  };
  /** What really was in the log of the last one who closed it and gave the lease back, and how many ticks ago. */
  readonly departed: { readonly log: string; readonly age: number } | undefined;
  /** Highest epoch in Cluster.status: reserved by whoever stands for it (rule 7). */
  readonly status: number;
  /** Claims on their way whose sender died: he does not know of them any more. */
  readonly orphans: readonly (readonly [sender: number, version: number, epoch: number])[];
  /** Epochs in which somebody was promoted. */
  readonly promotions: readonly number[];
  readonly crashes: number;
  readonly outages: number;
  readonly deletions: number;
  readonly drifts: number;
  readonly commits: number;
  readonly wrong: string;
}

export const nobody = -1;

/**
 * Versions of the lease: absent, not the present one (whichever it was: it never comes again), the present one, and the one that a
 * change makes of it. −1 is none.
 */
export const version = { absent: 0, stale: 1, present: 2, next: 3 } as const;

/** A healthy cluster whose first instance has just renewed the lease. */
export function healthyAsync({ instances, renewDeadline, commits }: AsyncBounds): AsyncWorld {
  return {
    instances: Array.from({ length: instances }, (_, index) => ({
      up: true,
      api: true,
      role: index === 0 ? 'primary' : 'standby',
      promised: 1,
      led: index === 0 ? 1 : 0,
      fresh: index === 0 ? renewDeadline : undefined,
      seen: version.present,
      seenHolder: 0,
      seenEpoch: 1,
      unchanged: 0,
      held: 0,
      call: undefined,
      candidacy: 0,
      overtaken: false,
      entered: index === 0 ? 1 : 0,
      log: commits === undefined ? '' : '1',
      closed: false,
      round: undefined,
    })),
    lease: { version: version.present, holder: 0, epoch: 1, from: nobody, end: '' },
    departed: undefined,
    status: 1,
    orphans: [],
    promotions: [1],
    crashes: 0,
    outages: 0,
    deletions: 0,
    drifts: 0,
    commits: 0,
    wrong: '',
  };
}

/** The lease with a new holder, after one change of it. */
export const leasedTo = (holder: number, epoch: number): AsyncWorld['lease'] => ({
  ...{ version: version.next, holder, epoch, from: nobody, end: '' },
});

/** The world with one instance changed; two primaries at once are wrong. */
export function put(world: AsyncWorld, index: number, change: Partial<Instance>): AsyncWorld {
  const instances = world.instances.map((instance, at) => (at === index ? { ...instance, ...change } : instance));
  const primaries = instances.filter(({ role }) => role === 'primary').length;
  return { ...world, instances, wrong: primaries > 1 ? 'two primaries at one instant' : world.wrong };
}
