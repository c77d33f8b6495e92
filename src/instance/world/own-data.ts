import { watch } from 'node:fs/promises';
import path from 'node:path';
import type { InstanceEnvironment } from './environment.ts';
import { isPublished } from './published.ts';

type Place = Pick<InstanceEnvironment, 'paths' | 'startsBeside'>;

/**
 * Whether what lies in PGDATA is this instance's. Beside a Job that makes the database nothing is before the Job has published it: the
 * volume may hold what the Job will put aside.
 */
export const isOwnData = async ({ paths, startsBeside }: Place, clusterUid: string | undefined): Promise<boolean> =>
  !startsBeside || (clusterUid !== undefined && (await isPublished(paths.state, clusterUid)));

/** Tells of whatever gets another name beside PGDATA. Where that cannot be watched, the manager's own turns see it within a second. */
export async function watchForData({ paths }: Place, changed: () => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const { eventType } of watch(path.dirname(paths.data), { signal })) {
      if (eventType === 'rename') changed();
    }
  } catch {
    // Ended, or not possible here.
  }
}
