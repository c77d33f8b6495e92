import { ageColumn, type Kind } from '../schema/kind.ts';
import { integer, list, object, required, text } from '../schema/schema.ts';
import { extensionConfiguration } from './common.ts';

const catalogImage = object('CatalogImage', 'The image of a major version.', {
  image: required(text('Name of the image.')),
  major: required(integer('Major version of PostgreSQL.', { minimum: 10 })),
  extensions: list(extensionConfiguration, 'Extensions that are image volumes; a cluster may override each field.', {
    keys: ['name'],
  }),
});

const componentImage = object('ComponentImage', 'The image of another component.', {
  key: required(
    text('Key of the component.', { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', minLength: 1, maxLength: 63 }),
  ),
  image: required(text('Name of the image.')),
});

const spec = object('ImageCatalogSpec', 'The images of the catalog.', {
  images: required(
    list(catalogImage, 'Images of PostgreSQL, at most one of each major version.', {
      minItems: 1,
      maxItems: 8,
      rules: [
        {
          rule: 'self.all(e, self.filter(f, f.major == e.major).size() == 1)',
          message: 'Images must have unique major versions',
        },
      ],
    }),
  ),
  componentImages: list(componentImage, 'Images of other components, such as PgBouncer.', {
    maxItems: 32,
    rules: [
      {
        rule: 'self.all(e, self.filter(f, f.key == e.key).size() == 1)',
        message: 'Component images must have unique keys',
      },
    ],
  }),
});

export const imageCatalog: Kind = {
  kind: 'ImageCatalog',
  plural: 'imagecatalogs',
  namespaced: true,
  description: 'Images that the clusters of a namespace may refer to.',
  spec,
  columns: [ageColumn],
};

export const clusterImageCatalog: Kind = {
  kind: 'ClusterImageCatalog',
  plural: 'clusterimagecatalogs',
  namespaced: false,
  description: 'Images that every cluster may refer to.',
  spec,
  columns: [ageColumn],
};
