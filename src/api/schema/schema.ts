import type { EmbeddedType } from '../kubernetes/embedded.ts';

/** A rule in the Common Expression Language, run by the API server (x-kubernetes-validations). */
export interface Rule {
  readonly rule: string;
  readonly message: string;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

interface Common {
  readonly description: string;
  readonly required?: boolean;
  readonly deprecated?: boolean;
  /** Filled in by the API server. */
  readonly default?: Json;
  readonly rules?: readonly Rule[];
}

export interface TextSchema extends Common {
  readonly type: 'text';
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: 'date-time' | 'byte';
}

export interface IntegerSchema extends Common {
  readonly type: 'integer';
  readonly format?: 'int32' | 'int64';
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface FlagSchema extends Common {
  readonly type: 'flag';
}

/** A Kubernetes resource.Quantity: a number, or text such as `512Mi`. */
export interface QuantitySchema extends Common {
  readonly type: 'quantity';
}

export interface ListSchema extends Common {
  readonly type: 'list';
  readonly items: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** The fields that identify an item (x-kubernetes-list-map-keys). */
  readonly keys?: readonly string[];
}

export interface MapSchema extends Common {
  readonly type: 'map';
  readonly values: Schema;
}

export interface ObjectSchema extends Common {
  readonly type: 'object';
  /** The name of the TypeScript interface. */
  readonly name: string;
  readonly fields: Readonly<Record<string, Schema>>;
}

/** A type of Kubernetes itself, embedded whole. */
export interface KubernetesSchema extends Common {
  readonly type: 'kubernetes';
  readonly name: EmbeddedType;
}

export type Schema =
  TextSchema | IntegerSchema | FlagSchema | QuantitySchema | ListSchema | MapSchema | ObjectSchema | KubernetesSchema;

type Options<S extends Schema> = Omit<S, 'type' | 'description' | 'name' | 'fields' | 'items' | 'values'>;

export const text = (description: string, options: Options<TextSchema> = {}): TextSchema => ({
  type: 'text',
  description,
  ...options,
});

/** One of a few words. */
export const choice = (values: readonly string[], description: string, options: Options<TextSchema> = {}): TextSchema =>
  text(description, { enum: values, ...options });

export const integer = (description: string, options: Options<IntegerSchema> = {}): IntegerSchema => ({
  type: 'integer',
  description,
  ...options,
});

export const flag = (description: string, options: Options<FlagSchema> = {}): FlagSchema => ({
  type: 'flag',
  description,
  ...options,
});

export const quantity = (description: string, options: Options<QuantitySchema> = {}): QuantitySchema => ({
  type: 'quantity',
  description,
  ...options,
});

export const list = (items: Schema, description: string, options: Options<ListSchema> = {}): ListSchema => ({
  type: 'list',
  items,
  description,
  ...options,
});

export const map = (values: Schema, description: string, options: Options<MapSchema> = {}): MapSchema => ({
  type: 'map',
  values,
  description,
  ...options,
});

export const texts = (description: string, options: Options<ListSchema> = {}): ListSchema =>
  list(text(''), description, options);

export const textMap = (description: string, options: Options<MapSchema> = {}): MapSchema =>
  map(text(''), description, options);

export const time = (description: string, options: Options<TextSchema> = {}): TextSchema =>
  text(description, { format: 'date-time', ...options });

export const kubernetes = (
  name: EmbeddedType,
  description: string,
  options: Options<KubernetesSchema> = {},
): KubernetesSchema => ({ type: 'kubernetes', name, description, ...options });

export const object = (
  name: string,
  description: string,
  fields: Readonly<Record<string, Schema>>,
  options: Options<ObjectSchema> = {},
): ObjectSchema => ({ type: 'object', name, description, fields, ...options });

export const required = <S extends Schema>(schema: S): S => ({ ...schema, required: true });

/** The same type in another place, with that place's description and options. */
export const as = <S extends Schema>(schema: S, description: string, options: Partial<Common> = {}): S => ({
  ...schema,
  description,
  ...options,
});

/** A field that may be set once and then neither changes nor goes. */
export const immutable = (name: string): Rule => ({
  rule: `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`,
  message: `${name} is immutable`,
});
