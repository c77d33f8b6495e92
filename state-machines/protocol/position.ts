import type { Member, Position } from './types.ts';

/** Orders logs: by timeline first, since an LSN alone orders nothing (§1). Negative: a is behind b. */
export function comparePositions(a: Position, b: Position): number {
  if (a.timeline !== b.timeline) return a.timeline - b.timeline;
  return a.lsn < b.lsn ? -1 : a.lsn > b.lsn ? 1 : 0;
}

export const sameMember = (a: Member, b: Member): boolean =>
  a.instance === b.instance && a.incarnation === b.incarnation;
