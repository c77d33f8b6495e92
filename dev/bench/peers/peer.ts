export interface Step {
  /** Part of the command line of each of its processes. */
  readonly mark: string;
  readonly work: () => Promise<unknown>;
}

/** A program that makes and restores base backups. */
export interface Peer {
  readonly name: string;
  /** What its objects' keys begin with. */
  readonly prefix: string;
  readonly prepare?: () => Promise<unknown>;
  readonly backup: Step;
  readonly restore: (directory: string) => Step;
}
