import { setTimeout as delay } from 'node:timers/promises';
import { KubeError } from '../../kube/errors.ts';
import type { KubeApi } from '../../kube/port.ts';

const patience = 60_000;
const pause = 500;

const isTransient = (error: unknown): boolean =>
  error instanceof KubeError && (error.code === 0 || error.code === 429 || error.code >= 500);

/** Reads of a Job: an API server that is away for a moment costs less than another try of the whole Job. */
export function patientReads(kube: Pick<KubeApi, 'get'>, signal: AbortSignal): Pick<KubeApi, 'get'> {
  return {
    async get(type, key, options) {
      for (const deadline = Date.now() + patience; ;) {
        try {
          return await kube.get(type, key, options);
        } catch (error) {
          if (!isTransient(error) || Date.now() > deadline) throw error;
          await delay(pause, undefined, { signal });
        }
      }
    },
  };
}
