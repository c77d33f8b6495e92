import { apiGroup } from '../../naming.ts';
import type { ObjectSchema } from './schema.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'date' | 'string' | 'integer' | 'boolean';
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: shown by `kubectl get -o wide` only. */
  readonly priority?: number;
}

export interface Scale {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

/** One kind of the API group, whole: everything else about it is derived from this. */
export interface Kind {
  readonly kind: string;
  /** Default: that of the project itself. */
  readonly group?: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly description: string;
  readonly spec?: ObjectSchema;
  readonly status?: ObjectSchema;
  readonly scale?: Scale;
  readonly columns: readonly PrinterColumn[];
}

export const ageColumn: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

export const groupOf = ({ group = apiGroup }: Kind): string => group;
export const versionOf = (kind: Kind): string => `${groupOf(kind)}/v1`;
