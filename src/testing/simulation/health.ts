import { unfinished } from './operator/health.ts';
import type { World } from './world.ts';

/** Milliseconds. */
const longestWaitMs = 1500;

/** What is missing to a healthy cluster, or undefined: one primary, everybody else streams from it and is up to date. */
export function unhealthy(world: World): string | undefined {
  const primaries = world.machines.filter(({ postgres }) => postgres?.serves === true);
  const [primary] = primaries;
  if (primaries.length > 1) return `primaries: ${primaries.map(({ name }) => name).join(', ')}`;
  if (!primary?.postgres) return 'nobody serves as primary';
  if (primary.postgres.synchronous.longestWait > longestWaitMs) return `commits wait on ${primary.name}`;
  if (primary.postgres.closed) return `${primary.name} lets nobody in`;
  for (const { name, postgres, kept, podUid } of world.machines) {
    if (name === primary.name || (kept && podUid === undefined)) continue;
    if (!postgres?.running || postgres.status !== 'ready') return `${name} does not run`;
    if (postgres.stream?.open !== true) return `${name} does not stream`;
    if (primary.postgres.wal.records.length - postgres.wal.records.length > 20) return `${name} is behind`;
  }
  return world.operators ? unfinished(world) : undefined;
}
