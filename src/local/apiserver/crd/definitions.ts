import type { Registry } from '../kinds/registry.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Store } from '../storage/store.ts';
import type { Loose, Obj } from '../model/types.ts';
import { printerColumns } from '../table/printer-columns.ts';

export const crdStorage = 'apiextensions.k8s.io/customresourcedefinitions';

/** The kinds that one definition serves. */
export function resourcesOf(crd: Obj): Resource[] {
  const { group, names, scope, versions = [] } = crd['spec'];
  const storageVersion = (versions as Loose[]).find((version) => version.storage)?.name;
  return (versions as Loose[])
    .filter((version) => version.served)
    .map((version) => {
      const scale = version.subresources?.scale;
      return {
        group,
        version: version.name,
        plural: names.plural,
        singular: names.singular ?? String(names.kind).toLowerCase(),
        kind: names.kind,
        listKind: names.listKind ?? `${names.kind}List`,
        namespaced: scope === 'Namespaced',
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        storage: `${group}/${names.plural}`,
        storageVersion,
        status: version.subresources?.status !== undefined,
        ...(scale && {
          scale: {
            spec: scale.specReplicasPath,
            status: scale.statusReplicasPath,
            ...(scale.labelSelectorPath && { selector: scale.labelSelectorPath }),
          },
        }),
        ...(version.schema?.openAPIV3Schema && { schema: version.schema.openAPIV3Schema }),
        crd,
        columns: printerColumns(version.additionalPrinterColumns ?? []),
        review: false,
      } as Resource;
    });
}

/** Keeps the served kinds equal to the stored definitions. */
export function followDefinitions(store: Store, registry: Registry): void {
  const refresh = (): void => {
    const established = store.list(crdStorage).filter((crd) => {
      const conditions = (crd['status']?.conditions ?? []) as Loose[];
      return conditions.some((condition) => condition.type === 'Established' && condition.status === 'True');
    });
    registry.setCustom(established.flatMap(resourcesOf));
  };
  refresh();
  store.subscribe((changes) => {
    if (changes.some((change) => change.resource === crdStorage)) refresh();
  });
}
