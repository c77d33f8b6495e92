import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { annotationRules } from './annotations.ts';

/** Names of services are made from the name, and a DNS label (RFC 1035) has at most 63 characters. */
const maxNameLength = 50;

export function* metadataRules({ metadata }: Cluster): Generator<FieldError> {
  const { name } = metadata;
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    yield fieldError(
      'metadata.name',
      name,
      'must be lower-case letters, digits and -, begin with a letter and not end with -',
    );
  }
  if (name.length > maxNameLength) {
    yield fieldError('metadata.name', name, `must have at most ${maxNameLength} characters`);
  }
  yield* annotationRules(metadata.annotations ?? {});
}
