/** What the operator knows of one instance when it looks for a switchover's target. */
export interface TargetFacts {
  readonly instance: string;
  readonly serial: number;
  readonly primary: boolean;
  /** In the lease's list with the incarnation that it has. */
  readonly member: boolean;
  readonly fenced: boolean;
  /** A standby that streams from the present primary. */
  readonly streams: boolean;
  /** Bytes between the primary's flush position and its own. */
  readonly lag: bigint;
  /** Its node is not cordoned nor drained. */
  readonly schedulable: boolean;
}

/** So far behind a target may be: one WAL segment is replayed in well under a second. */
export const mostLag = 16n * 1024n * 1024n;

export type Choice = { readonly target: string } | { readonly refusal: string };

/** Why this instance cannot be the target, or undefined. */
function unfit(instance: TargetFacts): string | undefined {
  if (instance.primary) return 'is the primary already';
  if (instance.fenced) return 'is fenced';
  if (!instance.member) return 'is no member of the cluster yet';
  if (!instance.streams) return 'does not stream from the primary';
  if (instance.lag > mostLag) return `is more than ${mostLag} bytes behind`;
  return instance.schedulable ? undefined : 'is on a node that takes no pods';
}

/** The one that was named, or the one that lags least; ties go to the lower serial. A fenced primary is not switched away from. */
export function chooseTarget(instances: readonly TargetFacts[], named: string | undefined): Choice {
  if (instances.some(({ primary, fenced }) => primary && fenced)) return { refusal: 'the primary is fenced' };
  if (named !== undefined) {
    const instance = instances.find((other) => other.instance === named);
    if (!instance) return { refusal: `there is no instance ${named}` };
    const reason = unfit(instance);
    return reason === undefined ? { target: named } : { refusal: `${named} ${reason}` };
  }
  const fit = instances.filter((instance) => unfit(instance) === undefined);
  const [best] = fit.sort((a, b) => (a.lag < b.lag ? -1 : a.lag > b.lag ? 1 : a.serial - b.serial));
  if (best) return { target: best.instance };
  const reasons = instances.filter(({ primary }) => !primary).map((other) => `${other.instance} ${unfit(other) ?? ''}`);
  return { refusal: reasons.length > 0 ? reasons.join('; ') : 'there is no other instance' };
}
