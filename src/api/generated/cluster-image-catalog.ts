// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  ImageCatalogSpec,
} from './shared.ts';
export type {
  ImageCatalogSpec,
} from './shared.ts';

/** Images that every cluster may refer to. */
export interface ClusterImageCatalog extends KubeObject {
  metadata: ObjectMeta & { name: string };
  spec: ImageCatalogSpec;
}
