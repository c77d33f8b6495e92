// Whether a primary that has come up lets clients in (rule 23 of docs/ha-protocol.md). A commit that was waiting when it died becomes
// visible after the restart though no standby may have it: who sees it must not be told of it before they have.

/** Times in milliseconds on this machine's clock. */
export interface AdmissionFacts {
  readonly now: number;
  /** Some configuration in force asks for standbys. */
  readonly synchronous: boolean;
  /** PostgreSQL was not shut down in good order before this start. */
  readonly crashed: boolean;
  /** Versions in which any start lets a commit through before the setting is in effect. */
  readonly startupRace: boolean;
  /** Since when it answers; absent: not yet. */
  readonly upSince?: number;
  /** Enough of the newest configuration's names have flushed what was there when it came up (rule 19 d). */
  readonly barrierPassed: boolean;
}

/** The longest that clients are refused for it. */
export const longestRefusal = 5000;

export type Admission = { readonly open: boolean; readonly rule: string };

export function admission(facts: AdmissionFacts): Admission {
  if (!facts.synchronous) return { open: true, rule: 'asynchronous' };
  if (!facts.crashed && !facts.startupRace) return { open: true, rule: 'was-shut-down' };
  if (facts.upSince === undefined) return { open: false, rule: 'not-up-yet' };
  if (facts.barrierPassed) return { open: true, rule: 'barrier-passed' };
  // First what waits for nobody: in the race it is the barrier alone that counts.
  if (facts.crashed && facts.now - facts.upSince >= longestRefusal)
    return { open: true, rule: 'opened-before-barrier' };
  return { open: false, rule: 'wait-for-barrier' };
}

/** First minor version of each major in which the setting is in effect from the first commit on. */
const raceFixed: Readonly<Record<number, number>> = { 13: 21, 14: 18, 15: 13, 16: 9, 17: 5 };

/** `version`: server_version_num, such as 170004. */
export const hasStartupRace = (version: number): boolean =>
  version % 10_000 < (raceFixed[Math.floor(version / 10_000)] ?? 0);
