import type { Loose } from './types.ts';

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** What an error names: a resource (group + plural) or a kind. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

export interface ErrorDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/** An answer of the API that is not a success; becomes a metav1.Status. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: ErrorDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: ErrorDetails) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

export const statusBody = (error: ApiError): Loose => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: error.message,
  reason: error.reason,
  ...(error.details && { details: error.details }),
  code: error.code,
});

/** `pods`, `clusters.postgresql.cnpg.io`: how messages name a resource. */
export const qualified = (subject: { group: string; plural: string }): string =>
  subject.group === '' ? subject.plural : `${subject.plural}.${subject.group}`;

const detailsOf = (subject: Subject, name: string): ErrorDetails => ({
  name,
  ...(subject.group && { group: subject.group }),
  kind: subject.plural,
});

export const notFound = (subject: Subject, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${qualified(subject)} "${name}" not found`, detailsOf(subject, name));

export const pathNotFound = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});

export const alreadyExists = (subject: Subject, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${qualified(subject)} "${name}" already exists`, detailsOf(subject, name));

export const conflict = (subject: Subject, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`,
    detailsOf(subject, name),
  );

export const staleVersion = (subject: Subject, name: string): ApiError =>
  conflict(
    subject,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);
export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized');
export const internal = (message: string): ApiError =>
  new ApiError(500, 'InternalError', `Internal error occurred: ${message}`);
export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

export const unsupportedMediaType = (type: string): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (got ${type})`,
  );

export const expired = (message: string): ApiError => new ApiError(410, 'Expired', message);

export const forbidden = (subject: Subject, name: string, why: string): ApiError =>
  new ApiError(403, 'Forbidden', `${qualified(subject)} "${name}" is forbidden: ${why}`, detailsOf(subject, name));

/** 422 with one line for each wrong field, as `field.ErrorList` prints them. */
export function invalid(subject: Subject, name: string, causes: readonly Cause[]): ApiError {
  const lines = causes.map((cause) => `${cause.field ? `${cause.field}: ` : ''}${cause.message}`);
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const kind = subject.group === '' ? subject.kind : `${subject.kind}.${subject.group}`;
  return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${text}`, {
    name,
    ...(subject.group && { group: subject.group }),
    kind: subject.kind,
    causes,
  });
}

/** A value as field errors show it: strings quoted, objects as JSON. */
export const shown = (value: unknown): string => JSON.stringify(value) ?? 'null';

export const invalidValue = (field: string, value: unknown, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${shown(value)}: ${why}`,
  field,
});
export const required = (field: string, why = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: `Required value${why && `: ${why}`}`,
  field,
});
export const fieldForbidden = (field: string, why: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
  field,
});
export const unsupportedValue = (field: string, value: unknown, supported: readonly unknown[]): Cause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${shown(value)}: supported values: ${supported.map(shown).join(', ')}`,
  field,
});
