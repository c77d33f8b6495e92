import { setTimeout as delay } from 'node:timers/promises';
import type { LivenessProbe } from '../../api/generated/cluster.ts';

/** What is asked before an instance calls itself cut off from everything. */
export interface Surroundings {
  /** Serves as a primary. */
  readonly primary: boolean;
  /** Addresses of the other instances. */
  readonly others: readonly string[];
  /** The API server answered the last call. */
  readonly apiAnswers: () => boolean;
  /** Rejects when the instance at this address does not answer. */
  readonly reach: (address: string, limits: { readonly connect: number; readonly request: number }) => Promise<unknown>;
}

/** Milliseconds in which a renewal that is under way may still prove the API server alive. */
const graceMs = 500;

/**
 * Whether a primary reaches neither the API server nor any other instance (reference §2.8). The fence has its own, earlier deadline:
 * this makes the kubelet start the container anew where that did not help.
 */
export async function isIsolated(
  settings: LivenessProbe['isolationCheck'],
  { primary, others, apiAnswers, reach }: Surroundings,
): Promise<boolean> {
  if (settings?.enabled === false || !primary || others.length === 0 || apiAnswers()) return false;
  const limits = { connect: settings?.connectionTimeout ?? 1000, request: settings?.requestTimeout ?? 1000 };
  const answers = await Promise.all(
    others.map((address) =>
      reach(address, limits).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (answers.includes(true)) return false;
  await delay(graceMs);
  return !apiAnswers();
}
