import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeApi } from '../../kube/port.ts';

/** Waits for the API server at a start of everything: watches that fail back off for seconds. */
export async function waitForApi(api: KubeApi, signal: AbortSignal): Promise<void> {
  const ready = async (): Promise<boolean> => (await api.raw('GET', '/readyz', { signal })).status === 200;
  while (!(await ready().catch(() => false))) await sleep(50, undefined, { signal });
}

/** Runs a process of the platform until it is told to end; the second signal ends it at once. */
export async function serve(run: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const ending = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(1);
      ending.abort();
    });
  }
  try {
    await run(ending.signal);
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  }
  return 0;
}

export const logLine = (text: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
};
