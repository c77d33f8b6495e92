import { formatFieldError } from '../validation/field-error.ts';
import type { FieldError, ValidationResult } from '../validation/field-error.ts';
import { unsupportedMessage } from '../validation/field-error.ts';

/** As they are shown, without those about fields that this version does not support. */
export function errorsOf(result: ValidationResult): string[] {
  return result.errors
    .filter((error: FieldError) => !error.message.startsWith(unsupportedMessage))
    .map(formatFieldError);
}
