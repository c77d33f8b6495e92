import type { Obj } from '../model/types.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, more only with -o wide. */
  readonly priority: number;
  readonly cell: (object: Obj, now: Date) => string | number | boolean | null;
}
