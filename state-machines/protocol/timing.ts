import type { LeaseTiming } from './types.ts';

/** Seconds from the order to stop until no process of a postmaster can answer any more (rule 2). */
export const stopBound = 2;
/** How far two machines' clock rates may differ, as a fraction (§1). */
export const clockRateBound = 0.005;
/** Slack for a late timer and for the way of the last answer. */
const slack = 0.5;

/** Why these timings would let a new primary in before the old one is surely silent, or undefined when they are safe (rule 3). */
export function unsafeTiming({ duration, renewDeadline, retryPeriod }: LeaseTiming): string | undefined {
  const silent = ((renewDeadline + stopBound) * (1 + clockRateBound)) / (1 - clockRateBound) + slack;
  if (silent > duration) {
    return (
      `leaseDurationSeconds ${duration} is too short for renewDeadlineSeconds ${renewDeadline}: ` +
      `a primary that lost its lease is silent after ${silent.toFixed(2)} s`
    );
  }
  if (2 * retryPeriod > renewDeadline) {
    return `renewDeadlineSeconds ${renewDeadline} must be at least twice retryPeriodSeconds ${retryPeriod}`;
  }
  return undefined;
}
