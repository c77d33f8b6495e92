import { bootTime } from '../../supervisor/boot-clock.ts';

/** Milliseconds since the machine was started, suspended time included; only ever compared with itself. */
export type BootClock = () => number;
export const bootClock: BootClock = () => bootTime() * 10;
