import type { Schema } from '../schema/schema.ts';
import type { Column } from '../table/columns.ts';
import type { Obj } from '../model/types.ts';

export interface ScalePaths {
  readonly spec: string;
  readonly status: string;
  readonly selector?: string;
}

/** One served version of one kind. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Where its objects are stored; two served kinds may share one place (events). */
  readonly storage: string;
  readonly storageVersion: string;
  readonly status: boolean;
  readonly scale?: ScalePaths;
  readonly schema?: Schema;
  /** The definition that it comes from; built-in kinds have none. */
  readonly crd?: Obj;
  readonly columns?: readonly Column[];
  /** A review: POST only, answered, never stored. */
  readonly review: boolean;
}
