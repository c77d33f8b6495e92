import type { KubeObject } from '../../kube/types.ts';

const parts = (selector: string): string[] => (selector === '' ? [] : selector.split(','));

function labelMatches(object: KubeObject, part: string): boolean {
  const labels = object.metadata?.labels ?? {};
  const [, key = '', operator, value] = /^!?([^=!]+?)(?:(!=|==?)(.*))?$/.exec(part) ?? [];
  if (part.startsWith('!')) return labels[key] === undefined;
  if (operator === undefined) return labels[key] !== undefined;
  return (labels[key] === value) === (operator !== '!=');
}

/** As far as the product uses them: equality, existence, and fields of the metadata. */
export const selects = (
  { labelSelector = '', fieldSelector = '' }: { labelSelector?: string; fieldSelector?: string },
  object: KubeObject,
): boolean =>
  parts(labelSelector).every((part) => labelMatches(object, part)) &&
  parts(fieldSelector).every((part) => {
    const [field = '', value] = part.split('=');
    const name = field.replace('metadata.', '') as 'name';
    return object.metadata?.[name] === value;
  });
