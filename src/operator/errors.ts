/** Nothing that is tried again will help until a person changes something. Reported in status under `phase`. */
export class TerminalError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TerminalError';
    this.reason = reason;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
