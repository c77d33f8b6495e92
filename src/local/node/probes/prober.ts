import { setTimeout as delay } from 'node:timers/promises';
import type { Container, Probe } from '../model/types.ts';
import type { Checked } from './check.ts';

/**
 * A container that has just started is asked this often until it first succeeds (never more seldom than its period says), so that a pod
 * is ready when its program is and not up to a period later. A kubelet does much the same: it probes readiness at once, out of turn,
 * when a container starts. Such extra failures do not count towards a threshold.
 */
const eagerMs = 300;
/** After this long the period of the probe alone decides. */
const eagerForMs = 120_000;

export type ProbeKind = 'Startup' | 'Readiness' | 'Liveness';

export interface ProberEvents {
  started(): void;
  ready(ready: boolean): void;
  /** Of a startup or liveness probe, beyond its threshold: the container is to be restarted. */
  unhealthy(kind: ProbeKind, probe: Probe, message: string): void;
  /** Any failure that counts. */
  failed(kind: ProbeKind, message: string): void;
}

export interface ProberOptions {
  readonly container: Container;
  readonly startedAt: number;
  /** State before a restart of the node's process. */
  readonly started: boolean;
  readonly ready: boolean;
  readonly check: (probe: Probe, signal: AbortSignal) => Promise<Checked>;
  readonly events: ProberEvents;
  readonly signal: AbortSignal;
}

interface Loop {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  /** Asked often until the first success. */
  readonly eager: boolean;
  /** Called with each verdict, after thresholds; false ends the loop. */
  readonly verdict: (ok: boolean, message: string) => boolean;
}

async function runLoop(loop: Loop, options: ProberOptions): Promise<void> {
  const { probe, kind } = loop;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  let eager = loop.eager;
  let successes = 0;
  let failures = 0;
  let countedAt = -Infinity;
  const wait = (ms: number): Promise<unknown> =>
    delay(ms, undefined, { signal: options.signal }).catch(() => undefined);
  await wait(Math.max(0, options.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - Date.now()));
  while (!options.signal.aborted) {
    const checked = await options
      .check(probe, AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]))
      .catch((error: unknown): Checked => ({ ok: false, message: String(error) }));
    if (options.signal.aborted) return;
    const now = performance.now();
    if (checked.ok) {
      failures = 0;
      eager = false;
      if (++successes >= (probe.successThreshold ?? 1) && !loop.verdict(true, '')) return;
    } else {
      successes = 0;
      // A failure counts at most once a period, with some tolerance for late timers.
      if (now - countedAt >= periodMs * 0.9 || !eager) {
        countedAt = now;
        options.events.failed(kind, checked.message);
        if (++failures >= (probe.failureThreshold ?? 3) && !loop.verdict(false, checked.message)) return;
      }
    }
    eager &&= Date.now() - options.startedAt < eagerForMs;
    await wait(eager ? Math.min(eagerMs, periodMs) : periodMs);
  }
}

/** Probes a container until `signal` aborts: startup first, then readiness and liveness side by side. */
export async function runProbes(options: ProberOptions): Promise<void> {
  const { container, events, signal } = options;
  const { startupProbe, readinessProbe, livenessProbe } = container;
  let started = options.started || !startupProbe;
  const restart = (kind: ProbeKind, probe: Probe) => (ok: boolean, message: string) => {
    if (!ok) events.unhealthy(kind, probe, message);
    return ok;
  };
  if (startupProbe && !started) {
    const verdict = (ok: boolean, message: string): boolean => {
      started = ok;
      if (!ok) events.unhealthy('Startup', startupProbe, message);
      return false;
    };
    await runLoop({ kind: 'Startup', probe: startupProbe, eager: true, verdict }, options);
  }
  if (!started || signal.aborted) return;
  events.started();
  if (!readinessProbe) events.ready(true);
  const loops: Promise<void>[] = [];
  if (readinessProbe) {
    const verdict = (ok: boolean): boolean => {
      events.ready(ok);
      return true;
    };
    loops.push(runLoop({ kind: 'Readiness', probe: readinessProbe, eager: !options.ready, verdict }, options));
  }
  if (livenessProbe) {
    const verdict = restart('Liveness', livenessProbe);
    loops.push(runLoop({ kind: 'Liveness', probe: livenessProbe, eager: false, verdict }, options));
  }
  await Promise.all(loops);
}
