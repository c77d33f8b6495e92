import { establish } from '../crd/conditions.ts';
import type { Cause } from '../errors.ts';
import type { Resource } from '../registry.ts';
import type { Services } from '../services.ts';
import type { Loose, Obj } from '../types.ts';

/** What a built-in kind does beyond its schema. Functions change the fresh copy that they are given. */
export interface KindRules {
  /** Fields that the server fills in at creation (addresses, generated selectors, a first status). */
  readonly prepare?: (object: Obj, services: Services) => void;
  /** Defaults, at creation and at every update. */
  readonly fill?: (object: Loose) => void;
  readonly validate?: (object: Obj, current: Obj | undefined) => Cause[];
}

const none: KindRules = {};

const rules: Readonly<Record<string, KindRules>> = {
  '/namespaces': {
    prepare: (namespace) => {
      namespace.metadata.labels = {
        ...namespace.metadata.labels,
        'kubernetes.io/metadata.name': namespace.metadata.name ?? '',
      };
      namespace['spec'] = { ...namespace['spec'], finalizers: ['kubernetes'] };
      namespace['status'] = { phase: 'Active' };
    },
  },
  '/pods': { prepare: (pod) => void (pod['status'] = { phase: 'Pending' }) },
  'apiextensions.k8s.io/customresourcedefinitions': { prepare: (crd, services) => establish(crd, services.now()) },
};

export const builtinRules = (resource: Resource): KindRules => rules[resource.storage] ?? none;
