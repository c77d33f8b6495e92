import { type Kind, versionOf } from './kind.ts';
import { allPaths } from './paths.ts';
import type { ObjectSchema, Schema } from './schema.ts';

/** docs/reference/<kind>.md: every field of a kind. */
export function toReference(kind: Kind): string {
  const sections = [
    kind.spec && fieldTable('spec', kind.spec),
    kind.status && fieldTable('status', kind.status),
  ].filter((section) => section !== undefined);
  const where = kind.namespaced ? 'Namespaced' : 'Cluster-scoped';
  return (
    `# ${kind.kind}\n\n${kind.description}\n\n` +
    `${where} kind of \`${versionOf(kind)}\`, plural \`${kind.plural}\`. Written by \`npm run generate\`.\n` +
    sections.join('')
  );
}

function fieldTable(name: string, schema: ObjectSchema): string {
  const rows = [...allPaths(schema)].map(
    ([path, field]) => `| \`${path}\` | ${typeText(field)} | ${escape(meaning(field))} |`,
  );
  const rules = rulesOf(schema, name);
  return (
    `\n## ${name}\n\n${schema.description}\n\n| Field | Type | Meaning |\n|---|---|---|\n${rows.join('\n')}\n` +
    (rules.length > 0 ? `\nRules:\n\n${rules.map((rule) => `- ${rule}\n`).join('')}` : '')
  );
}

function typeText(schema: Schema): string {
  switch (schema.type) {
    case 'text':
      return schema.format ?? 'string';
    case 'flag':
      return 'boolean';
    case 'list':
      return `list of ${typeText(schema.items)}`;
    case 'map':
      return `map of ${typeText(schema.values)}`;
    case 'kubernetes':
      return `${schema.name.replace(/^V1/, '')} (Kubernetes)`;
    case 'integer':
    case 'quantity':
    case 'object':
      return schema.type;
    default:
      throw new Error(`no schema type ${JSON.stringify(schema satisfies never)}`);
  }
}

function meaning(schema: Schema): string {
  const notes = [
    schema.required ? 'Required.' : '',
    schema.deprecated ? 'Deprecated.' : '',
    schema.description,
    constraint(schema),
    schema.default === undefined ? '' : `Default: \`${JSON.stringify(schema.default)}\`.`,
  ];
  return notes.filter((note) => note !== '').join(' ');
}

function constraint(schema: Schema): string {
  if (schema.type === 'integer') {
    const { minimum, maximum } = schema;
    if (minimum !== undefined && maximum !== undefined) return `From ${minimum} to ${maximum}.`;
    return minimum === undefined ? '' : `At least ${minimum}.`;
  }
  if (schema.type !== 'text') return '';
  const values = schema.enum ? `One of ${schema.enum.map((value) => `\`${value}\``).join(', ')}.` : '';
  return schema.pattern ? `${values} Matches \`${schema.pattern}\`.`.trim() : values;
}

function rulesOf(schema: ObjectSchema, name: string): string[] {
  const own = (schema.rules ?? []).map(({ message }) => `\`${name}\`: ${message}`);
  const nested = [...allPaths(schema)].flatMap(([path, field]) => {
    const rules = [...(field.rules ?? []), ...(field.type === 'list' ? (field.items.rules ?? []) : [])];
    return rules.map(({ message }) => `\`${name}.${path}\`: ${message}`);
  });
  return [...own, ...nested];
}

const escape = (text: string): string => text.replaceAll('|', '\\|');
