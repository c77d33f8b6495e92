import type { KubeApi } from './port.ts';
import type { KubeObject, ResourceType } from './types.ts';

/** Whether every value of `wanted` is in `actual`. Lists must be equal in length, maps may hold more (defaults, other owners). */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((item, index) => covers(actual[index], item))
    );
  }
  // The API server drops empty maps.
  if (actual === undefined) return Object.values(wanted).every((value) => value === undefined);
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return false;
  const has = actual as Record<string, unknown>;
  return Object.entries(wanted).every(([key, value]) => covers(has[key], value));
}

export type ApplyOutcome = 'created' | 'updated' | 'unchanged';

export interface ApplyRequest<T> {
  readonly object: T;
  /** The object as it is now, undefined when it is not there. */
  readonly existing: T | undefined;
  readonly fieldManager: string;
  readonly signal?: AbortSignal;
}

const withoutTypeMeta = ({ apiVersion: _version, kind: _kind, ...rest }: KubeObject): object => rest;

/** Server-side apply that is not sent when it would change nothing: an idle reconcile writes nothing. */
export async function applyIfChanged<T extends KubeObject>(
  api: KubeApi,
  type: ResourceType,
  { object, existing, fieldManager, signal }: ApplyRequest<T>,
): Promise<{ outcome: ApplyOutcome; object: T }> {
  if (existing !== undefined && covers(existing, withoutTypeMeta(object))) {
    return { outcome: 'unchanged', object: existing };
  }
  const applied = await api.apply(type, object, { fieldManager, ...(signal === undefined ? {} : { signal }) });
  return { outcome: existing === undefined ? 'created' : 'updated', object: applied };
}
