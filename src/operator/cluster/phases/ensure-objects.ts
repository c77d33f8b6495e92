import { applyIfChanged } from '../../../kube/apply.ts';
import { alreadyExists } from '../../../kube/errors.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { ReadStore } from '../../../kube/store.ts';
import type { KubeObject, ResourceType } from '../../../kube/types.ts';
import { label } from '../../../labels.ts';
import { fieldManager, readService, readWriteService } from '../../../naming.ts';
import { disruptionBudgets } from '../../../resources/disruption-budgets.ts';
import { primaryLease } from '../../../resources/lease.ts';
import { instanceRoleBinding, instanceRoleObject, instanceServiceAccount } from '../../../resources/rbac.ts';
import { clusterServices } from '../../../resources/services.ts';
import { TerminalError } from '../../errors.ts';
import { objectStoresOf } from '../object-stores.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { Scope } from '../scope.ts';

async function applyOne<T extends KubeObject>(
  scope: Scope,
  type: ResourceType,
  store: ReadStore<T>,
  object: T,
  created?: string,
): Promise<void> {
  const { api, signal, namespace, cluster } = scope;
  const name = object.metadata?.name ?? '';
  const existing = store.get(namespace, name);
  const owner = existing?.metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (existing !== undefined && owner?.uid !== cluster.metadata.uid) {
    throw new TerminalError('NameInUse', `${type.kind} "${name}" exists and does not belong to this cluster`);
  }
  const { outcome } = await applyIfChanged(api, type, {
    object,
    existing,
    fieldManager: fieldManager.operator,
    signal,
  });
  if (outcome === 'created' && created !== undefined) {
    scope.emit({ type: 'Normal', reason: created, message: `Creating ${type.kind} ${name}` });
  }
}

async function services(scope: Scope): Promise<void> {
  const { cluster, configuration, owned, api, namespace, signal } = scope;
  const wanted = clusterServices(cluster, configuration);
  await Promise.all(wanted.map((service) => applyOne(scope, resource.services, owned.services, service)));
  const names = new Set(wanted.map(({ metadata }) => metadata?.name));
  // Owned and not wanted: disabled by the user, or a managed service taken out of the specification.
  const unwanted = owned.services
    .list(namespace)
    .filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid) ?? false)
    .filter(({ metadata }) => metadata?.labels?.[label.cluster] === scope.name && !names.has(metadata.name));
  for (const { metadata } of unwanted) {
    const preconditions = { uid: metadata?.uid ?? '' };
    await api.delete(resource.services, { namespace, name: metadata?.name ?? '' }, { preconditions, signal });
  }
}

async function account(scope: Scope): Promise<void> {
  const { cluster, configuration, owned, api, namespace, signal } = scope;
  const serviceAccount = instanceServiceAccount(cluster, configuration);
  if (serviceAccount !== undefined) {
    await applyOne(
      scope,
      resource.serviceAccounts,
      owned.serviceAccounts,
      serviceAccount,
      eventReason.creatingServiceAccount,
    );
    return;
  }
  const name = cluster.spec.serviceAccountName ?? '';
  if ((await api.get(resource.serviceAccounts, { namespace, name }, { signal })) === undefined) {
    throw new TerminalError(
      eventReason.serviceAccountNotFound,
      `spec.serviceAccountName: there is no ServiceAccount "${name}"`,
    );
  }
}

async function budgets(scope: Scope): Promise<void> {
  const { cluster, configuration, owned, api, namespace, signal } = scope;
  const { wanted, unwanted } = disruptionBudgets(cluster, configuration);
  for (const budget of wanted) {
    await applyOne(scope, resource.podDisruptionBudgets, owned.budgets, budget, eventReason.creatingBudget);
  }
  for (const name of unwanted) {
    const existing = owned.budgets.get(namespace, name);
    if (existing?.metadata?.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid) !== true) continue;
    await api.delete(resource.podDisruptionBudgets, { namespace, name }, { signal });
    scope.emit({ type: 'Normal', reason: eventReason.deletingBudget, message: `Deleting PodDisruptionBudget ${name}` });
  }
}

/** Made once and then never written to: from then on it is the instances'. */
async function lease(scope: Scope): Promise<void> {
  const { owned, api, namespace, name, signal } = scope;
  if (owned.leases.get(namespace, name) !== undefined) return;
  await api
    .create(resource.leases, primaryLease(scope.cluster, scope.configuration), { signal })
    .catch((error: unknown) => {
      if (!alreadyExists(error)) throw error;
    });
}

/** What a cluster needs around its instances. */
export async function ensureObjects(scope: Scope): Promise<PhaseResult> {
  const { cluster, configuration, owned, name } = scope;
  await account(scope);
  const stores = await objectStoresOf(scope.api, cluster, scope.namespace, scope.signal);
  await applyOne(
    scope,
    resource.roles,
    owned.roles,
    instanceRoleObject(cluster, configuration, [...stores.values()]),
    eventReason.creatingRole,
  );
  await Promise.all([
    applyOne(scope, resource.roleBindings, owned.roleBindings, instanceRoleBinding(cluster, configuration)),
    services(scope),
    budgets(scope),
    lease(scope),
  ]);
  scope.report.set({ writeService: readWriteService(name), readService: readService(name) });
  return goOn;
}
