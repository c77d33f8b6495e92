import { annotation } from '../../../labels.ts';
import { anyOf, fieldError, type FieldError, unsupportedMessage } from '../../validation/field-error.ts';

/** A wish with another word would be no wish, and nobody would hear of it. */
const words: readonly (readonly [key: string, allowed: readonly string[]])[] = [
  [annotation.hibernation, ['on', 'off']],
  [annotation.failoverQuorum, ['true', 'false']],
  [annotation.reconciliationLoop, ['disabled', 'enabled']],
  [annotation.reconcilePodSpec, ['disabled', 'enabled']],
  [annotation.skipWalArchiving, ['enabled', 'disabled']],
  [annotation.skipEmptyWalArchiveCheck, ['enabled', 'disabled']],
];

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const areNames = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');

const shapes: readonly (readonly [key: string, fits: (value: unknown) => boolean, what: string])[] = [
  [annotation.podPatch, Array.isArray, 'a JSON array'],
  [annotation.livenessPinger, isObject, 'a JSON object'],
  [annotation.fencedInstances, areNames, 'a JSON array of names of instances, or ["*"] for all'],
];

/** Wishes of CloudNativePG's that nothing acts on here. */
const unsupported = [annotation.coredumpFilter, annotation.forceLegacyBackup, annotation.enableInstancePprof];

/** Annotations of a Cluster by which people ask for something; those of backups have their own rules. */
export function* annotationRules(annotations: Readonly<Record<string, string>>): Generator<FieldError> {
  const wrong = (key: string, message: string): FieldError =>
    fieldError(`metadata.annotations[${key}]`, annotations[key], message);
  for (const [key, allowed] of words) {
    const value = annotations[key];
    if (value !== undefined && !allowed.includes(value)) yield wrong(key, `must be ${anyOf(allowed)}`);
  }
  for (const [key, fits, what] of shapes) {
    const value = annotations[key];
    // Nobody is fenced by an empty one.
    if (value === undefined || (value === '' && key === annotation.fencedInstances)) continue;
    if (!fits(json(value))) yield wrong(key, `must be ${what}`);
  }
  for (const key of unsupported)
    if (annotations[key] !== undefined) yield wrong(key, `${unsupportedMessage}; leave it out`);
}
