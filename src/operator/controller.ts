import type { KubeApi } from '../kube/port.ts';
import type { RunResult } from '../kube/queue.ts';

/** What the controller of a kind is given. */
export interface ControllerOptions {
  readonly api: KubeApi;
  readonly namespaces: readonly string[];
  readonly workers: number;
  readonly reconcile: (key: { namespace: string; name: string }, signal: AbortSignal) => Promise<RunResult | undefined>;
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
  readonly onWatchFailure: (kind: string, error: unknown) => void;
}
