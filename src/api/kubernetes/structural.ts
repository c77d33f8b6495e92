import { quantitySchema } from './quantity.ts';

/** A schema of /openapi/v3, as far as Kubernetes' own types use OpenAPI. */
export interface OpenApiSchema {
  $ref?: string;
  allOf?: OpenApiSchema[];
  oneOf?: OpenApiSchema[];
  type?: string;
  format?: string;
  default?: unknown;
  description?: string;
  required?: string[];
  properties?: Record<string, OpenApiSchema>;
  additionalProperties?: OpenApiSchema;
  items?: OpenApiSchema;
  [extension: string]: unknown;
}

const referencePrefix = '#/components/schemas/';
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** What a template may say about the object made from it; a full ObjectMeta in a template has no meaning. */
const templateMetadata = {
  type: 'object',
  properties: {
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
  },
};

const kept = ['x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type'] as const;

/**
 * The structural schema (apiextensions.k8s.io/v1) of the type `name`: references are inlined, descriptions and what a CRD may not
 * contain are left out. Default values of whole objects mean nothing and go too.
 */
export function structural(definitions: Record<string, OpenApiSchema>, name: string): Record<string, unknown> {
  if (name === quantity) return quantitySchema();
  if (name === intOrString)
    return { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
  if (name === objectMeta) return templateMetadata;
  const definition = definitions[name];
  if (!definition) throw new Error(`the API server does not describe ${name}`);
  return convert(definitions, definition);
}

function convert(definitions: Record<string, OpenApiSchema>, schema: OpenApiSchema): Record<string, unknown> {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  const result: Record<string, unknown> = reference
    ? { ...structural(definitions, reference.slice(referencePrefix.length)) }
    : { ...(schema.type !== undefined && { type: schema.type }) };
  if (schema.format !== undefined) result.format = schema.format;
  if (schema.default !== undefined && typeof schema.default !== 'object') result.default = schema.default;
  if (schema.required) result.required = schema.required;
  if (schema.items) result.items = convert(definitions, schema.items);
  if (schema.additionalProperties) result.additionalProperties = convert(definitions, schema.additionalProperties);
  if (schema.properties) {
    const entries = Object.entries(schema.properties).sort(([a], [b]) => (a < b ? -1 : 1));
    result.properties = Object.fromEntries(entries.map(([key, value]) => [key, convert(definitions, value)]));
  }
  for (const extension of kept) if (schema[extension] !== undefined) result[extension] = schema[extension];
  return result;
}
