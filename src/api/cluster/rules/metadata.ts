import { annotation } from '../../../labels.ts';
import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

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

function* annotationRules(annotations: Readonly<Record<string, string>>): Generator<FieldError> {
  for (const [key, values] of [
    [annotation.hibernation, ['on', 'off']],
    [annotation.failoverQuorum, ['true', 'false']],
  ] as const) {
    const value = annotations[key];
    if (value !== undefined && !(values as readonly string[]).includes(value)) {
      yield fieldError(`metadata.annotations[${key}]`, value, `must be ${values.join(' or ')}`);
    }
  }
  for (const [key, shape] of [
    [annotation.podPatch, 'array'],
    [annotation.livenessPinger, 'object'],
  ] as const) {
    const value = annotations[key];
    if (value !== undefined && shapeOf(value) !== shape) {
      yield fieldError(`metadata.annotations[${key}]`, value, `must be a JSON ${shape}`);
    }
  }
}

function shapeOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  } catch {
    return 'none';
  }
}
