import { builtinKinds, reviewKinds, type KindRow } from './builtin.ts';
import type { Resource } from './resource.ts';
import type { BuiltinSchemas } from '../schema/builtin.ts';
import { builtinSchema } from './builtin-values.ts';
import type { Schema } from '../schema/schema.ts';
import type { Loose } from '../model/types.ts';

export const apiVersion = (resource: { group: string; version: string }): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

const eventsStorage = '/events';
const storageOf = (row: { group: string; plural: string }): string =>
  row.group === 'events.k8s.io' ? eventsStorage : `${row.group}/${row.plural}`;

export class Registry {
  readonly schemas: BuiltinSchemas;
  readonly #builtin: Resource[];
  #custom: Resource[] = [];
  #byPath = new Map<string, Resource>();

  constructor(schemas: BuiltinSchemas) {
    this.schemas = schemas;
    const relaxed = new Map<Schema, Schema>();
    const fromRow = (row: KindRow, review: boolean): Resource => {
      const found = schemas.forKind(row.group, row.version, row.kind);
      const schema = found && builtinSchema(found, relaxed);
      return {
        ...row,
        singular: row.kind.toLowerCase(),
        listKind: `${row.kind}List`,
        storage: storageOf(row),
        storageVersion: row.version,
        review,
        ...(schema && { schema }),
        ...(row.scale && { scale: { spec: '.spec.replicas', status: '.status.replicas' } }),
      } as Resource;
    };
    this.#builtin = [
      ...builtinKinds.map((row) => fromRow(row, false)),
      ...reviewKinds.map((row) => fromRow(row, true)),
    ].map(({ scale, ...rest }) => ((scale as Loose) === false ? rest : { ...rest, ...(scale && { scale }) }));
    this.#index();
  }

  all(): Resource[] {
    return [...this.#byPath.values()];
  }

  /** The kinds that custom resource definitions serve now. */
  setCustom(resources: readonly Resource[]): void {
    this.#custom = [...resources];
    this.#index();
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  /** Any served version of the resource. */
  anyVersion(group: string, plural: string): Resource | undefined {
    return this.all().find((resource) => resource.group === group && resource.plural === plural);
  }

  forKind(groupVersion: string, kind: string): Resource | undefined {
    return this.all().find((resource) => resource.kind === kind && apiVersion(resource) === groupVersion);
  }

  forStorage(storage: string): Resource | undefined {
    return this.all().find((resource) => resource.storage === storage);
  }

  #index(): void {
    this.#byPath = new Map(
      [...this.#builtin, ...this.#custom].map((resource) => [
        `${resource.group}/${resource.version}/${resource.plural}`,
        resource,
      ]),
    );
  }
}
