import { groupOf, type Kind } from './kind.ts';
import { toStructural, type KubernetesTypes, type Structural } from './structural.ts';

/** The CustomResourceDefinition (apiextensions.k8s.io/v1) of a kind. */
export function toCrd(kind: Kind, types: KubernetesTypes): Structural {
  const singular = kind.kind.toLowerCase();
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${groupOf(kind)}` },
    spec: {
      group: groupOf(kind),
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural: kind.plural, singular },
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          additionalPrinterColumns: kind.columns,
          schema: { openAPIV3Schema: root(kind, types) },
          ...(kind.status && { subresources: { status: {}, ...(kind.scale && { scale: kind.scale }) } }),
        },
      ],
    },
  };
}

function root(kind: Kind, types: KubernetesTypes): Structural {
  return {
    description: kind.description,
    type: 'object',
    required: kind.spec ? ['metadata', 'spec'] : ['metadata'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...(kind.spec && { spec: toStructural(kind.spec, types) }),
      ...(kind.status && { status: toStructural(kind.status, types) }),
    },
  };
}
