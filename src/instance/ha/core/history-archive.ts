/** What the archive knows of timelines and epochs, beside the instances. */
export interface HistoryArchive {
  /** Undefined: there is none of this timeline. Rejects when that cannot be said. */
  history(timeline: number, signal: AbortSignal): Promise<string | undefined>;
  /** The highest epoch that has written there, as far as it is known (rule 7). */
  epoch(): number | undefined;
}
