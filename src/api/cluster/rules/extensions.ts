import type { Cluster, ExtensionConfiguration } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { isReservedVariable } from './environment.ts';

export function* extensionRules({ spec }: Cluster): Generator<FieldError> {
  const seen = new Set<string>();
  for (const [index, extension] of (spec.postgresql?.extensions ?? []).entries()) {
    const field = `spec.postgresql.extensions[${index}]`;
    // Volumes are named after it, and their names have no _.
    const name = extension.name.replaceAll('_', '-');
    if (seen.has(name)) yield fieldError(`${field}.name`, extension.name, 'is the same as, or too like, another one');
    seen.add(name);
    if (!extension.image?.reference && !spec.imageCatalogRef) {
      yield fieldError(`${field}.image.reference`, '', 'must be set without an image catalog');
    }
    yield* pathRules(field, extension);
    yield* variableRules(field, extension);
  }
}

const pathFields = ['extension_control_path', 'dynamic_library_path', 'ld_library_path', 'bin_path'] as const;

function* pathRules(field: string, extension: ExtensionConfiguration): Generator<FieldError> {
  for (const name of pathFields) {
    for (const [index, path] of (extension[name] ?? []).entries()) {
      if (path === '' || path.startsWith('/') || path.split('/').includes('..')) {
        yield fieldError(`${field}.${name}[${index}]`, path, 'must be a relative path within the image');
      }
    }
  }
}

function* variableRules(field: string, { env = [] }: ExtensionConfiguration): Generator<FieldError> {
  const seen = new Set<string>();
  for (const [index, { name, value }] of env.entries()) {
    const place = `${field}.env[${index}]`;
    if (seen.has(name)) yield fieldError(`${place}.name`, name, 'is there twice');
    seen.add(name);
    if (name === 'PATH') yield fieldError(`${place}.name`, name, 'cannot be set; use bin_path');
    else if (name === 'LD_LIBRARY_PATH') yield fieldError(`${place}.name`, name, 'cannot be set; use ld_library_path');
    else if (isReservedVariable(name)) yield fieldError(`${place}.name`, name, 'is reserved');
    const unknown = [...value.matchAll(/\$\{([^}]*)\}/g)].find((match) => match[1] !== 'image_root');
    if (unknown) yield fieldError(`${place}.value`, value, 'may refer to ${image_root} only');
  }
}
