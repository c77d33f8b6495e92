import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeDurably } from '../../util/durable.ts';

/** What a recovery does, decided once: a run after a crash goes on with the same backup and target. */
export interface RecoveryPlan {
  readonly backupId: string;
  /** That recovery follows. */
  readonly timeline: number | 'current';
  /** The newest segment that the archive held of it then, when all of it was asked for. */
  readonly newest?: string;
  /** The target as it was asked for. */
  readonly target: unknown;
}

const planFile = (state: string): string => path.join(state, 'recovery.json');

export const recoveryLogFile = (state: string): string => path.join(state, 'recovery.log');

export async function readPlan(state: string): Promise<RecoveryPlan | undefined> {
  const text = await readFile(planFile(state), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as RecoveryPlan);
}

export async function writePlan(state: string, plan: RecoveryPlan): Promise<void> {
  await mkdir(state, { recursive: true, mode: 0o700 });
  await rm(recoveryLogFile(state), { force: true });
  await writeDurably(planFile(state), `${JSON.stringify(plan)}\n`);
}

/** The last step of a recovery. */
export const removePlan = (state: string): Promise<void> => rm(planFile(state), { force: true });
