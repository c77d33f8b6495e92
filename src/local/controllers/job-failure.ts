import type { Job, Pod } from '../../kube/objects.ts';

type Rule = NonNullable<NonNullable<Job['spec']>['podFailurePolicy']>['rules'][number];

export interface FailureVerdict {
  readonly action: Rule['action'];
  readonly index: number;
  /** Of a rule on exit codes: the container that it matched, and with what. */
  readonly container?: string;
  readonly code?: number;
}

const ended = (pod: Pod): { container: string; code: number }[] =>
  (pod.status?.containerStatuses ?? [])
    .map(({ name, state }) => ({ container: name, code: state?.terminated?.exitCode ?? 0 }))
    .filter(({ code }) => code !== 0);

function matchesConditions(rule: Rule, pod: Pod): boolean {
  return (rule.onPodConditions ?? []).some((wanted) =>
    pod.status?.conditions?.some(({ type, status }) => type === wanted.type && status === (wanted.status ?? 'True')),
  );
}

/** What a Job's podFailurePolicy says of a failed pod: the first rule that matches decides; none: the failure counts. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict | undefined {
  for (const [index, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    const { action, onExitCodes: on } = rule;
    const match = ended(pod).find(
      ({ container, code }) =>
        on !== undefined &&
        (on.containerName ?? container) === container &&
        on.values.includes(code) === (on.operator === 'In'),
    );
    if (match) return { action, index, ...match };
    if (matchesConditions(rule, pod)) return { action, index };
  }
  return undefined;
}
