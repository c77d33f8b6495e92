/** What no further try can mend: the Job ends at once, and its reason is told. */
export class HopelessError extends Error {
  override readonly name: string = 'HopelessError';
}
