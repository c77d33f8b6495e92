/** How long backups are kept. A backup is kept when either part keeps it. */
export interface RetentionPolicy {
  /** Milliseconds before now that can be gone back to. */
  readonly window?: number;
  /** Newest complete backups that are kept in any case. */
  readonly count?: number;
}

const dayMs = 86_400_000;
/** As Barman counts them. */
const days = { d: 1, w: 7, m: 31 } as const;

export const windowPattern = /^([1-9][0-9]*)([dwm])$/;
export const countPattern = /^[1-9][0-9]{0,5}$/;

/** Milliseconds of a window such as `30d`, `4w`, `6m`; undefined for what is none. */
export function parseWindow(text: string): number | undefined {
  const [, number, unit] = windowPattern.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * days[unit as keyof typeof days] * dayMs;
}
