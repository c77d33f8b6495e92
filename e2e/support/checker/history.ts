/** One step of a transaction over lists that only grow, each under a key. A value is appended at most once in a history. */
export type Step =
  | { readonly append: number; readonly key: string }
  /** The whole list as it was seen. */
  | { readonly read: readonly number[]; readonly key: string };

/** `in-doubt`: COMMIT was sent and never answered, so that it may have happened or not. */
export type Outcome = 'committed' | 'aborted' | 'in-doubt';

export interface Transaction {
  readonly id: number;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
}

/** Lists as they are at the end, by key. */
export type FinalLists = ReadonlyMap<string, readonly number[]>;

/** What a history must not show; `names` are those of Adya's thesis as Elle uses them, and what is found without a graph. */
export type AnomalyName =
  | 'lost'
  | 'duplicated'
  | 'incompatible-order'
  | 'unknown-value'
  | 'internal'
  | 'G1a'
  | 'G1b'
  | 'G0'
  | 'G1c'
  | 'G-single'
  | 'G2';

export interface Anomaly {
  readonly name: AnomalyName;
  readonly what: string;
}
