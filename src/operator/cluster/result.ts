/** What a phase says about going on. */
export type PhaseResult =
  | { readonly kind: 'continue' }
  /** Nothing below may run. `afterMs`: look again even if nothing reports a change. */
  | { readonly kind: 'stop'; readonly reason: string; readonly afterMs?: number };

export const goOn: PhaseResult = { kind: 'continue' };

export const stop = (reason: string, afterMs?: number): PhaseResult => ({
  kind: 'stop',
  reason,
  ...(afterMs === undefined ? {} : { afterMs }),
});
