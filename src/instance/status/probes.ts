import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../../api/generated/cluster.ts';
import { parseQuantity } from '../../api/validation/quantity.ts';
import type { Session } from '../sql/session.ts';
import type { InstanceView } from '../world/view.ts';

export interface ProbeAnswer {
  readonly ok: boolean;
  readonly reason: string;
}

const good: ProbeAnswer = { ok: true, reason: 'OK' };
const bad = (reason: string): ProbeAnswer => ({ ok: false, reason });

/** Less than the shortest timeout that a probe can have, which is a second. */
const heldMs = 700;
const lookEveryMs = 50;

/**
 * Holds back a "no" for a moment: the kubelet would ask again only after the probe's period, which for readiness is ten seconds, and
 * what has just started is mostly there sooner.
 */
export async function patiently(check: () => Promise<ProbeAnswer>): Promise<ProbeAnswer> {
  for (const deadline = performance.now() + heldMs; ;) {
    const answer = await check();
    if (answer.ok || performance.now() > deadline) return answer;
    await delay(lookEveryMs);
  }
}

type Settings = NonNullable<NonNullable<Cluster['spec']['probes']>['readiness']>;

async function byType(settings: Settings | undefined, view: InstanceView, session: Session): Promise<ProbeAnswer> {
  switch (settings?.type ?? 'pg_isready') {
    case 'query':
      return session.query('SELECT 1').then(
        () => good,
        (error: unknown) => bad(String(error)),
      );
    case 'streaming':
      return view.facts.role === 'primary' ? good : streaming(settings?.maximumLag, view, session);
    default:
      return good;
  }
}

async function streaming(
  limit: string | number | undefined,
  view: InstanceView,
  session: Session,
): Promise<ProbeAnswer> {
  if (view.server?.receiver !== 'streaming') return bad('no WAL is being received');
  if (limit === undefined) return good;
  const [row] = await session.query<{ lag: string | null }>(
    'SELECT (latest_end_lsn - pg_last_wal_replay_lsn())::text AS lag FROM pg_stat_wal_receiver',
  );
  const lag = Number(row?.lag ?? 0);
  return lag <= Number(parseQuantity(String(limit))) ? good : bad(`the lag is ${lag} bytes`);
}

/** Ready: takes part in the services (reference §2.8). */
export async function readiness(
  view: InstanceView | undefined,
  session: Session,
  rolesKept: { readonly pid?: number },
): Promise<ProbeAnswer> {
  if (!view) return bad('the manager has just started');
  if (view.facts.fenced) return bad('the instance is fenced');
  if (view.facts.terminating) return bad('the instance is shutting down');
  if (view.postmaster.state !== 'up') return bad(`PostgreSQL is ${view.postmaster.state} (${view.action.rule})`);
  if (view.facts.role === 'unknown') return bad('PostgreSQL does not answer');
  // Who is let in before that may find last year's password, as after a restore.
  if (view.facts.role === 'primary' && rolesKept.pid !== view.postmaster.pid)
    return bad('roles and passwords are being set');
  return byType(view.cluster?.spec.probes?.readiness, view, session);
}

/** Started: the kubelet goes over to the other probes. A long recovery counts as started, so that it is not interrupted. */
export async function startup(
  view: InstanceView | undefined,
  session: Session,
  secondsRunning: number,
): Promise<ProbeAnswer> {
  if (!view) return bad('the manager has just started');
  if (view.facts.fenced) return good;
  const recovering = view.postmaster.state === 'starting' && secondsRunning > 30;
  if (view.postmaster.state !== 'up' && !recovering)
    return bad(`PostgreSQL is ${view.postmaster.state} (${view.action.rule})`);
  return recovering ? good : byType(view.cluster?.spec.probes?.startup, view, session);
}
