import { parseQuantity } from '../../../api/validation/quantity.ts';
import type { PersistentVolumeClaim } from '../../../kube/objects.ts';
import { resource } from '../../../kube/resource-types.ts';
import { claimsOf, wantedSize } from '../../../resources/claim.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

const requested = (claim: PersistentVolumeClaim): string => claim.spec?.resources?.requests?.['storage'] ?? '0';

/** Volumes grow to what the specification says. This comes before everything that can be stuck: a full disk is cured here. */
export async function expandVolumes(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, api, namespace, signal } = scope;
  for (const instance of world.instances) {
    for (const { name, storage } of claimsOf(cluster, instance.name)) {
      const claim = instance.claims.find(({ metadata }) => metadata?.name === name);
      const size = wantedSize(storage);
      if (claim === undefined || size === undefined || instance.terminating) continue;
      const [wanted, have] = [parseQuantity(size) ?? 0, parseQuantity(requested(claim)) ?? 0];
      if (wanted < have) {
        const message = `${name} has ${requested(claim)} and cannot shrink to ${size}`;
        scope.emit({ type: 'Warning', reason: eventReason.shrinkRefused, message });
      }
      if (wanted <= have || storage.resizeInUseVolumes === false) continue;
      const patch = { spec: { resources: { requests: { storage: size } } } };
      await api.patch(resource.persistentVolumeClaims, { namespace, name }, patch, { signal });
      scope.emit({
        type: 'Normal',
        reason: eventReason.resizing,
        message: `Growing ${name} from ${requested(claim)} to ${size}`,
      });
    }
  }
  return goOn;
}
