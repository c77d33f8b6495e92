/** Ids that clients inserted, one commit each. */
export interface Inserted {
  readonly acknowledged: ReadonlySet<number>;
  /** Sent, and never answered. */
  readonly inDoubt: ReadonlySet<number>;
}

export interface Compared {
  /** Acknowledged and not there. */
  readonly lost: number[];
  /** There more than once. */
  readonly twice: number[];
  /** There, and sent by nobody. */
  readonly unknown: number[];
}

/** Compares what was promised with what an instance holds; `found` as read, with repetitions. */
export function compareInserted({ acknowledged, inDoubt }: Inserted, found: readonly number[]): Compared {
  const there = new Set<number>();
  const twice = new Set<number>();
  for (const id of found) {
    if (there.has(id)) twice.add(id);
    there.add(id);
  }
  return {
    lost: [...acknowledged].filter((id) => !there.has(id)),
    twice: [...twice],
    unknown: [...there].filter((id) => !acknowledged.has(id) && !inDoubt.has(id)),
  };
}
