import { fieldForbidden, required, type Cause } from '../model/errors.ts';
import { equal } from '../model/equal.ts';
import { parseQuantity } from '../schema/quantity.ts';
import type { Loose } from '../model/types.ts';
import { defaults } from './pod-spec.ts';
import type { KindRules } from './kind-rules.ts';

const defaultClass = 'storageclass.kubernetes.io/is-default-class';
const immutableClaim =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** A claim's spec without what may change. */
function frozen(spec: Loose, bound: Loose): Loose {
  const { resources, ...rest } = spec;
  const { requests: _, ...fixed } = resources ?? {};
  // The binder fills these in once.
  return {
    ...rest,
    resources: fixed,
    volumeName: bound.volumeName || spec.volumeName,
    storageClassName: bound.storageClassName ?? spec.storageClassName,
  };
}

export const claimRules: KindRules = {
  fill: ({ spec }) => spec && defaults(spec, { volumeMode: 'Filesystem' }),
  prepare(claim, services) {
    const spec: Loose = claim['spec'];
    const first = services.store
      .list('storage.k8s.io/storageclasses')
      .find((storageClass) => storageClass.metadata.annotations?.[defaultClass] === 'true');
    if (spec.storageClassName === undefined && first) spec.storageClassName = first.metadata.name;
    claim['status'] = { phase: 'Pending' };
  },
  validate(claim, current) {
    const spec: Loose = claim['spec'] ?? {};
    const size = spec.resources?.requests?.storage;
    const causes: Cause[] = [];
    if (!spec.accessModes?.length) causes.push(required('spec.accessModes', 'at least 1 access mode is required'));
    if (size === undefined) causes.push(required('spec.resources[storage]'));
    if (!current) return causes;
    const before: Loose = current['spec'];
    if (
      !equal(
        frozen(spec, spec),
        frozen(before, {
          ...before,
          volumeName: before.volumeName || spec.volumeName,
          storageClassName: before.storageClassName ?? spec.storageClassName,
        }),
      )
    ) {
      causes.push(fieldForbidden('spec', immutableClaim));
    }
    const [now, was] = [parseQuantity(size ?? '0'), parseQuantity(before.resources?.requests?.storage ?? '0')];
    const capacity = parseQuantity(current['status']?.capacity?.storage ?? before.resources?.requests?.storage ?? '0');
    if (now !== undefined && was !== undefined && capacity !== undefined && now < was && now < capacity) {
      causes.push(fieldForbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
    }
    return causes;
  },
};

export const volumeRules: KindRules = {
  fill: ({ spec }) => spec && defaults(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }),
  prepare: (volume) => void (volume['status'] = { phase: 'Pending' }),
};

export const storageClassRules: KindRules = {
  fill: (storageClass) => defaults(storageClass, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
};
