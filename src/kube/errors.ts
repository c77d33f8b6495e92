/** The body of a failed API answer (metav1.Status). */
export interface StatusBody {
  message?: string;
  reason?: string;
  code?: number;
  details?: { name?: string; kind?: string; causes?: { field?: string; message?: string; reason?: string }[] };
}

/** An answer of the API server that is not a success. `code` is the HTTP status; 0 when no answer came. */
export class KubeError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly body: StatusBody;
  /** The wait that the server asked for; nobody is to come back sooner. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: number,
    body: StatusBody,
    context: string,
    { cause, retryAfterMs }: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(`${context}: ${body.message ?? body.reason ?? `HTTP ${code}`}`, { cause });
    this.name = 'KubeError';
    this.code = code;
    this.reason = body.reason ?? '';
    this.body = body;
    this.retryAfterMs = retryAfterMs;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof KubeError && error.code === 404;
export const isConflict = (error: unknown): boolean =>
  error instanceof KubeError && error.code === 409 && error.reason !== 'AlreadyExists';
export const alreadyExists = (error: unknown): boolean =>
  error instanceof KubeError && error.code === 409 && error.reason === 'AlreadyExists';
export const isGone = (error: unknown): boolean => error instanceof KubeError && error.code === 410;
export const isInvalid = (error: unknown): boolean => error instanceof KubeError && error.code === 422;
/** The namespace is being deleted, or is gone: nothing can be made in it any more. */
export const isNamespaceEnding = (error: unknown): boolean =>
  error instanceof KubeError &&
  ((error.code === 403 &&
    (error.body.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false)) ||
    (error.code === 404 && error.body.details?.kind === 'namespaces'));
