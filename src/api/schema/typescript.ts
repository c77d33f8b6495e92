import type { Kind } from './kind.ts';
import type { ObjectSchema, Schema } from './schema.ts';

const header = '// Written by `npm run generate` from the schemas in src/api/kinds.\n';

/** One TypeScript module by file name (without .ts) for every kind, and `shared` for the types that several kinds have. */
export function toTypeScript(kinds: readonly Kind[]): Map<string, string> {
  const users = new Map<string, Set<Kind>>();
  const objects = new Map<string, ObjectSchema>();
  for (const kind of kinds) {
    for (const schema of objectsOf(kind)) {
      assertSame(objects.get(schema.name), schema);
      objects.set(schema.name, schema);
      users.set(schema.name, (users.get(schema.name) ?? new Set()).add(kind));
    }
  }
  const shared = [...objects.values()].filter((schema) => (users.get(schema.name)?.size ?? 0) > 1);
  const sharedNames = new Set(shared.map((schema) => schema.name));
  const modules = new Map<string, string>([['shared', moduleText(shared, '', new Set())]]);
  for (const kind of kinds) {
    const own = new Map(objectsOf(kind).map((schema) => [schema.name, schema]));
    for (const name of sharedNames) own.delete(name);
    modules.set(fileName(kind), moduleText([...own.values()], kindInterface(kind), sharedNames));
  }
  return modules;
}

/** `ScheduledBackup` → `scheduled-backup`. */
export const fileName = (kind: Kind): string => kind.kind.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();

const objectsOf = (kind: Kind): ObjectSchema[] =>
  [kind.spec, kind.status].flatMap((schema) => (schema ? nested(schema) : []));

function nested(schema: Schema): ObjectSchema[] {
  switch (schema.type) {
    case 'list':
      return nested(schema.items);
    case 'map':
      return nested(schema.values);
    case 'object':
      return [schema, ...Object.values(schema.fields).flatMap(nested)];
    default:
      return [];
  }
}

function assertSame(first: ObjectSchema | undefined, second: ObjectSchema): void {
  const signature = (schema: ObjectSchema): string =>
    JSON.stringify(Object.entries(schema.fields).map(([name, field]) => [name, typeOf(field), field.required]));
  if (first && signature(first) !== signature(second)) throw new Error(`two different types are named ${first.name}`);
}

function typeOf(schema: Schema): string {
  switch (schema.type) {
    case 'text':
      return schema.enum ? schema.enum.map((value) => `'${value}'`).join(' | ') : 'string';
    case 'integer':
      return 'number';
    case 'flag':
      return 'boolean';
    case 'quantity':
      return 'string | number';
    case 'list': {
      const item = typeOf(schema.items);
      return item.includes('|') ? `(${item})[]` : `${item}[]`;
    }
    case 'map':
      return `Record<string, ${typeOf(schema.values)}>`;
    case 'object':
      return schema.name;
    case 'kubernetes':
      return `Wire<${schema.name}>`;
    default:
      throw new Error(`no schema type ${JSON.stringify(schema satisfies never)}`);
  }
}

function interfaceText(schema: ObjectSchema): string {
  const lines = Object.entries(schema.fields).map(
    ([name, field]) =>
      `  /** ${field.deprecated ? '@deprecated ' : ''}${field.description}${defaultText(field)} */\n` +
      `  ${name}${field.required ? '' : '?'}: ${typeOf(field)};\n`,
  );
  return `\n/** ${schema.description} */\nexport interface ${schema.name} {\n${lines.join('')}}\n`;
}

const defaultText = (field: Schema): string =>
  field.default === undefined ? '' : ` Default: ${JSON.stringify(field.default)}.`;

function kindInterface(kind: Kind): string {
  const metadata = kind.namespaced ? '{ name: string; namespace: string }' : '{ name: string }';
  const spec = kind.spec ? `  spec: ${kind.spec.name};\n` : '';
  const status = kind.status ? `  status?: ${kind.status.name};\n` : '';
  return (
    `\n/** ${kind.description} */\nexport interface ${kind.kind} extends KubeObject {\n` +
    `  metadata: ObjectMeta & ${metadata};\n${spec}${status}}\n`
  );
}

function moduleText(objects: readonly ObjectSchema[], kind: string, sharedNames: ReadonlySet<string>): string {
  const body = kind + objects.map(interfaceText).join('');
  const code = body.replaceAll(/\/\*\*.*\*\//g, '');
  const used = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(code);
  const embedded = [...new Set(code.match(/\bV1\w+/g) ?? [])].sort();
  const shared = [...sharedNames].filter(used).sort();
  const imports = [
    ...(embedded.length > 0 ? [importText(embedded, '@kubernetes/client-node')] : []),
    ...(embedded.length > 0 ? [importText(['Wire'], '../../kube/objects.ts')] : []),
    ...(kind === '' ? [] : [importText(['KubeObject', 'ObjectMeta'], '../../kube/types.ts')]),
    ...(shared.length > 0 && kind !== '' ? [importText(shared, './shared.ts')] : []),
    // A type keeps its place for those who import it when another kind comes to use it too.
    ...(shared.length > 0 && kind !== '' ? [importText(shared, './shared.ts').replace(/^import/, 'export')] : []),
  ];
  return `${header}${imports.join('')}${body}`;
}

const importText = (names: readonly string[], from: string): string =>
  `import type {\n${names.map((name) => `  ${name},\n`).join('')}} from '${from}';\n`;
