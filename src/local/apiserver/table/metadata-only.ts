import type { Obj } from '../model/types.ts';

export const wantsMetadata = (accept: string): boolean => /as=PartialObjectMetadata(List)?\b/.test(accept);

export const metadataOnly = (object: Obj): Obj => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
});
