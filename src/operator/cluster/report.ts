import type { ClusterStatus, Condition } from '../../api/generated/cluster.ts';
import { conditionType } from './phase-names.ts';

/** Status fields that only the operator writes, always all of them at once. targetPrimary is not among them: people write it too. */
export const ownFields = [
  'instances',
  'readyInstances',
  'selector',
  'instanceNames',
  'instancesStatus',
  'instancesReportedState',
  'currentPrimaryFailingSinceTimestamp',
  'roleChanges',
  'timelineID',
  'systemID',
  'phase',
  'phaseReason',
  'pvcCount',
  'jobCount',
  'danglingPVC',
  'resizingPVC',
  'initializingPVC',
  'healthyPVC',
  'unusablePVC',
  'latestGeneratedNode',
  'writeService',
  'readService',
  'topology',
  'certificates',
  'secretsResourceVersion',
  'image',
  'operatorCertificateFingerprint',
] as const satisfies readonly (keyof ClusterStatus)[];

/** Conditions that only the operator writes; what is not said again would be taken away. */
const isOwnCondition = (type: string): boolean =>
  type.startsWith('howdah.dev/') || (Object.values(conditionType) as string[]).includes(type);

export type OwnStatus = Pick<ClusterStatus, (typeof ownFields)[number]>;
export type ConditionReport = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * What one reconciliation has to say in status. It starts from what was said before, so that a reconciliation that stops early keeps the
 * rest as it was.
 */
export class Report {
  readonly status: OwnStatus;
  readonly conditions = new Map<string, ConditionReport>();
  targetPrimary: string | undefined;
  #phaseFixed = false;
  #afterMs: number | undefined;

  constructor(before: ClusterStatus | undefined) {
    this.status = Object.fromEntries(
      ownFields.filter((field) => before?.[field] !== undefined).map((field) => [field, before?.[field]]),
    );
    for (const { type, status, reason, message } of before?.conditions ?? []) {
      if (isOwnCondition(type)) this.conditions.set(type, { type, status, reason, message });
    }
  }

  set(values: Partial<OwnStatus>): void {
    Object.assign(this.status, values);
  }

  clear(...fields: (keyof OwnStatus)[]): void {
    for (const field of fields) delete this.status[field];
  }

  /** The first phase that is named in a reconciliation stands: what comes first in the list of phases weighs most. */
  phase(name: string, reason: string): void {
    if (this.#phaseFixed) return;
    this.#phaseFixed = true;
    this.status.phase = name;
    this.status.phaseReason = reason;
  }

  /** Wishes another look after so long; the earliest wish counts. */
  lookAgain(ms: number): void {
    this.#afterMs = Math.min(this.#afterMs ?? Infinity, ms);
  }

  get afterMs(): number | undefined {
    return this.#afterMs;
  }

  get phaseNamed(): boolean {
    return this.#phaseFixed;
  }

  condition(condition: ConditionReport): void {
    this.conditions.set(condition.type, condition);
  }
}
