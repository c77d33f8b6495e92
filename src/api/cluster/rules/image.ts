import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { majorOfImage, parseImage } from '../image.ts';

const oldestMajor = 13;

/** An image of a catalog needs no tag; the catalog says its version. */
export function* imageRules({ spec }: Cluster): Generator<FieldError> {
  const { imageName } = spec;
  if (imageName === undefined) return;
  if (spec.imageCatalogRef) {
    yield fieldError('spec.imageName', imageName, 'cannot go together with imageCatalogRef');
    return;
  }
  const { tag, digest } = parseImage(imageName);
  if (tag === 'latest' || (tag === '' && digest === '')) {
    yield fieldError(
      'spec.imageName',
      imageName,
      'must have a tag that begins with the PostgreSQL version; latest is not one',
    );
  } else if (tag === '') {
    yield fieldError('spec.imageName', imageName, 'must have a tag with the PostgreSQL version before the digest');
  } else {
    const major = majorOfImage(imageName);
    if (major === undefined) {
      yield fieldError(
        'spec.imageName',
        imageName,
        `tag ${tag} does not begin with a PostgreSQL version, such as 18.1`,
      );
    } else if (major < oldestMajor) {
      yield fieldError('spec.imageName', imageName, `PostgreSQL must be at least ${oldestMajor}`);
    }
  }
}
