// src/operator/cluster/phases/ensure-secrets.ts where the one Secret that the operator reads itself is there from the beginning.
import type { PhaseResult } from '../../../operator/cluster/result.ts';

export const ensureSecrets = (): Promise<PhaseResult> => Promise.resolve({ kind: 'continue' });
