import type { Cluster } from '../../api/generated/cluster.ts';
import { annotation } from '../../labels.ts';
import { type RetentionPolicy, countPattern, parseWindow } from '../../objectstore/retention/policy.ts';

export interface RetentionSettings {
  readonly policy: RetentionPolicy;
  /** The policy as people say it. */
  readonly text: string;
  readonly dryRun: boolean;
}

/** How long the backups of a cluster are kept; undefined: for ever. What cannot be read removes nothing. */
export function retentionSettings(
  cluster: Cluster | undefined,
  window: string | undefined,
): RetentionSettings | undefined {
  const notes = cluster?.metadata.annotations ?? {};
  const countText = notes[annotation.retentionCount];
  const windowMs = window === undefined ? undefined : parseWindow(window);
  if ((window !== undefined && windowMs === undefined) || (countText !== undefined && !countPattern.test(countText)))
    return undefined;
  if (windowMs === undefined && countText === undefined) return undefined;
  return {
    policy: {
      ...(windowMs !== undefined && { window: windowMs }),
      ...(countText !== undefined && { count: Number(countText) }),
    },
    text: [window, countText === undefined ? undefined : `at least ${countText} backups`]
      .filter((part) => part !== undefined)
      .join(', '),
    dryRun: notes[annotation.retentionDryRun] === 'true',
  };
}
