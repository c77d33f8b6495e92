import { invalidValue, required, type Cause } from '../model/errors.ts';
import type { Loose, Obj } from '../model/types.ts';

/** What is wrong with a definition itself. */
export function definitionCauses(crd: Obj, current: Obj | undefined): Cause[] {
  const { group, names, scope, versions = [] } = crd['spec'];
  const causes: Cause[] = [];
  const wanted = `${names?.plural}.${group}`;
  if (crd.metadata.name !== wanted) {
    causes.push(invalidValue('metadata.name', crd.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  const storage = (versions as Loose[]).filter((version) => version.storage).length;
  if (storage !== 1) {
    causes.push(
      invalidValue(
        'spec.versions',
        (versions as Loose[]).map((version) => version.name),
        'must have exactly one version marked as storage version',
      ),
    );
  }
  (versions as Loose[]).forEach((version, index) => {
    const at = `spec.versions[${index}].schema.openAPIV3Schema`;
    if (!version.schema?.openAPIV3Schema) causes.push(required(at, 'schemas are required'));
    else if (version.schema.openAPIV3Schema.type !== 'object') {
      causes.push(invalidValue(`${at}.type`, version.schema.openAPIV3Schema.type ?? '', 'must be object at the root'));
    }
  });
  if (current && current['spec'].scope !== scope) causes.push(invalidValue('spec.scope', scope, 'field is immutable'));
  return causes;
}
