/** Where history files are kept beside the instances. */
export interface HistoryArchive {
  /** Undefined: there is none of this timeline. Rejects when that cannot be said. */
  history(timeline: number, signal: AbortSignal): Promise<string | undefined>;
}
