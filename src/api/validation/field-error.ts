/** What is wrong with one field of an object. */
export interface FieldError {
  /** `spec.postgresql.parameters[port]`, `spec.externalClusters[0].name`. */
  readonly field: string;
  /** What the field is set to; undefined where showing it adds nothing, or must not be. */
  readonly value: unknown;
  readonly message: string;
}

export interface ValidationResult {
  readonly errors: FieldError[];
  /** For people; an object with warnings is accepted. */
  readonly warnings: string[];
}

export const fieldError = (field: string, value: unknown, message: string): FieldError => ({ field, value, message });

/** `spec.instances: 0: must be at least 1`. */
export function formatFieldError({ field, value, message }: FieldError): string {
  return value === undefined ? `${field}: ${message}` : `${field}: ${JSON.stringify(value)}: ${message}`;
}

export const unsupportedMessage = 'not supported by this version of Howdah';

/** `a, b or c`, for messages that say what is allowed. */
export const anyOf = (values: readonly string[]): string =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values[values.length - 1] ?? ''}`;
