/** Something that is broken now. Disposing of it repairs it, if that was not done before. */
export interface Fault extends AsyncDisposable {
  repair(): Promise<void>;
}

export function fault(repair: () => Promise<unknown>): Fault {
  let repaired: Promise<void> | undefined;
  const once = (): Promise<void> => (repaired ??= repair().then(() => undefined));
  return { repair: once, [Symbol.asyncDispose]: once };
}
