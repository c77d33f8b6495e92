/**
 * One acknowledged write. `sent`: when the server sent the answer, in milliseconds on one clock for all (../stamp.ts), since an answer
 * may wait in a socket until a network has healed.
 */
export interface Acknowledgement {
  /** Who wrote: the timeline it was on says it better than a name, which may be given again. */
  readonly by: string;
  readonly sent: number;
}

export interface Overlap {
  readonly milliseconds: number;
  readonly between: readonly [string, string];
}

/**
 * The longest time during which two acknowledged in turn: from somebody's first answer to the last one of another who had begun before.
 * Undefined when each began after all answers of those before.
 */
export function longestOverlap(acknowledgements: readonly Acknowledgement[]): Overlap | undefined {
  const spans = new Map<string, { first: number; last: number }>();
  for (const { by, sent } of acknowledgements) {
    const span = spans.get(by);
    spans.set(by, { first: Math.min(sent, span?.first ?? sent), last: Math.max(sent, span?.last ?? sent) });
  }
  let longest: Overlap | undefined;
  const inOrder = [...spans].sort(([, a], [, b]) => a.first - b.first);
  inOrder.forEach(([older, { last }], index) => {
    for (const [newer, { first, last: end }] of inOrder.slice(index + 1)) {
      const milliseconds = Math.min(last, end) - first;
      if (milliseconds >= 0 && milliseconds >= (longest?.milliseconds ?? 0)) {
        longest = { milliseconds, between: [older, newer] };
      }
    }
  });
  return longest;
}
