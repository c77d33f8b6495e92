import { builtinSchemaText } from '../generated/builtin-schemas.ts';
import type { Loose } from '../model/types.ts';
import type { Schema } from './schema.ts';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Schemas of the built-in kinds, with references replaced by what they name. */
export interface BuiltinSchemas {
  forKind(group: string, version: string, kind: string): Schema | undefined;
  readonly objectMeta: Schema;
  /** As OpenAPI components, references kept. */
  readonly components: Readonly<Record<string, Loose>>;
}

function link(definitions: Record<string, Loose>): void {
  const follow = (node: Loose): Loose => {
    if (typeof node !== 'object' || node === null) return node;
    if (typeof node.$ref === 'string') return definitions[node.$ref];
    for (const key of Object.keys(node)) node[key] = follow(node[key]);
    return node;
  };
  for (const name of Object.keys(definitions)) definitions[name] = follow(definitions[name]);
}

export function loadBuiltinSchemas(): BuiltinSchemas {
  const linked = JSON.parse(builtinSchemaText) as Record<string, Loose>;
  link(linked);
  const byKind = new Map<string, Schema>();
  for (const schema of Object.values(linked)) {
    for (const { group, version, kind } of (schema as Schema)['x-kubernetes-group-version-kind'] ?? []) {
      byKind.set(`${group}/${version}/${kind}`, schema);
    }
  }
  return {
    forKind: (group, version, kind) => byKind.get(`${group}/${version}/${kind}`),
    objectMeta: linked[objectMeta],
    get components() {
      return JSON.parse(builtinSchemaText.replaceAll('"$ref":"', '"$ref":"#/components/schemas/')) as Record<
        string,
        Loose
      >;
    },
  };
}
