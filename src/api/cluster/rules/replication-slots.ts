import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { majorOfImage } from '../image.ts';
import { parseBooleanSetting } from '../parameters.ts';

const field = 'spec.replicationSlots';

export function* replicationSlotRules({ spec }: Cluster): Generator<FieldError> {
  const { highAvailability, synchronizeReplicas } = spec.replicationSlots ?? {};
  for (const [index, pattern] of (synchronizeReplicas?.excludePatterns ?? []).entries()) {
    if (!isPattern(pattern)) {
      yield fieldError(
        `${field}.synchronizeReplicas.excludePatterns[${index}]`,
        pattern,
        'must be a regular expression',
      );
    }
  }
  const prefix = highAvailability?.slotPrefix;
  if (prefix !== undefined && !/^[0-9a-z_]*$/.test(prefix)) {
    yield fieldError(`${field}.highAvailability.slotPrefix`, prefix, 'must be lower-case letters, digits and _');
  }
  const slots = highAvailability?.enabled !== false;
  if (highAvailability?.synchronizeLogicalDecoding) yield* logicalDecodingRules(spec, slots);
  if (usesFailoverSlots(spec)) yield* failoverSlotRules(spec, slots);
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

function* logicalDecodingRules(spec: Cluster['spec'], slots: boolean): Generator<FieldError> {
  const place = `${field}.highAvailability.synchronizeLogicalDecoding`;
  if (!slots) yield fieldError(place, true, 'needs highAvailability.enabled');
  if (!feedback(spec)) yield fieldError(place, true, 'needs the parameter hot_standby_feedback to be on');
  const major = spec.imageName === undefined ? undefined : majorOfImage(spec.imageName);
  if (major !== undefined && major < 17) {
    if (!usesFailoverSlots(spec))
      yield fieldError(place, true, `needs the library pg_failover_slots on PostgreSQL ${major}`);
  } else if (!isOn(spec.postgresql?.parameters?.sync_replication_slots)) {
    yield fieldError(place, true, 'needs the parameter sync_replication_slots to be on');
  }
}

function* failoverSlotRules(spec: Cluster['spec'], slots: boolean): Generator<FieldError> {
  if (!feedback(spec)) {
    const value = spec.postgresql?.parameters?.hot_standby_feedback ?? '';
    yield fieldError('spec.postgresql.parameters[hot_standby_feedback]', value, 'must be on with pg_failover_slots');
  }
  if (!slots) yield fieldError(`${field}.highAvailability.enabled`, false, 'must be true with pg_failover_slots');
}

const feedback = (spec: Cluster['spec']): boolean => isOn(spec.postgresql?.parameters?.hot_standby_feedback);

const isOn = (value: string | undefined): boolean => value !== undefined && parseBooleanSetting(value) === true;

const usesFailoverSlots = ({ postgresql }: Cluster['spec']): boolean =>
  Object.keys(postgresql?.parameters ?? {}).some((name) => name.startsWith('pg_failover_slots.'));
