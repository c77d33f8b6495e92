/** What a new primary does in the background, each retried for ever by itself (§5, promotion 10). */
export interface AftermathFacts {
  readonly archiving: boolean;
  readonly ownerMarkerWritten: boolean;
  readonly historyArchived: boolean;
  /** Complete segments of the ancestors up to the fork are in the archive. */
  readonly backFilled: boolean;
  readonly slotsMade: boolean;
  /** The lease lists only the configuration that is in effect (rule 19). */
  readonly olderConfigurations: boolean;
}

export type AftermathTask = 'write-owner-marker' | 'archive-history' | 'back-fill' | 'make-slots' | 'pass-barrier';

/** All that is left to do: none waits for another but the archive's, which wait for its owner marker (rule 25). */
export function aftermath(facts: AftermathFacts): readonly AftermathTask[] {
  const tasks: AftermathTask[] = [];
  if (facts.archiving && !facts.ownerMarkerWritten) tasks.push('write-owner-marker');
  if (facts.archiving && facts.ownerMarkerWritten && !facts.historyArchived) tasks.push('archive-history');
  if (facts.archiving && facts.ownerMarkerWritten && !facts.backFilled) tasks.push('back-fill');
  if (!facts.slotsMade) tasks.push('make-slots');
  if (facts.olderConfigurations) tasks.push('pass-barrier');
  return tasks;
}
