/** What stands for an image, as there are no container file systems. */
export interface LocalImage {
  /** Directories in front of the machine's own PATH. */
  readonly path: readonly string[];
  /** Absolute path in the container → directory on the machine, such as '/howdah'. */
  readonly links: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ImageStore {
  /** Rejects with a message for the person who wrote the pod when nothing stands for `image`. */
  resolve(image: string): Promise<LocalImage>;
}
