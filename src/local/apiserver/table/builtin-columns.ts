import type { Column } from './columns.ts';

export const builtinColumns: Readonly<Record<string, readonly Column[]>> = {};
