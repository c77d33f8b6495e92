import { timestamp } from '../model/time.ts';
import type { Loose, Obj } from '../model/types.ts';

/** The status that a definition gets at once: nothing here takes time. */
export function establish(crd: Obj, now: Date): void {
  const { names, versions = [] } = crd['spec'];
  const condition = (type: string, reason: string, message: string): Loose => ({
    type,
    status: 'True',
    lastTransitionTime: timestamp(now),
    reason,
    message,
  });
  const accepted = {
    ...names,
    listKind: names.listKind ?? `${names.kind}List`,
    singular: names.singular ?? String(names.kind).toLowerCase(),
  };
  const before = (crd['status']?.conditions ?? []) as Loose[];
  crd['status'] = {
    ...crd['status'],
    conditions:
      before.length > 0
        ? before
        : [
            condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
            condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
          ],
    acceptedNames: accepted,
    storedVersions: [
      ...new Set([
        ...(crd['status']?.storedVersions ?? []),
        ...(versions as Loose[]).filter((version) => version.storage).map((version) => version.name),
      ]),
    ],
  };
}
