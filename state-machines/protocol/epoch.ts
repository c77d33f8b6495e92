/** The next epoch: one more than any that anybody has seen; never from the lease alone (rule 7). */
export const nextEpoch = (seen: readonly number[]): number => 1 + Math.max(0, ...seen);
