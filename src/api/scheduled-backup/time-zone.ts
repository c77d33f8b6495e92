/** Seconds that local time is ahead of UTC at an instant, which is in seconds since 1970. */
export type ZoneOffset = (instant: number) => number;

/** `zone` is an IANA name that exists. */
export function zoneOffset(zone: string): ZoneOffset {
  if (zone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
    for (const { type, value } of format.formatToParts(instant * 1000)) parts[type] = value;
    const of = (type: Intl.DateTimeFormatPartTypes): number => Number(parts[type]);
    const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return local / 1000 - instant;
  };
}

/** A stretch of time during which a zone keeps one offset: from `begin` to before `end`, seconds since 1970. */
export interface ZoneSpan {
  readonly begin: number;
  readonly end: number;
  readonly offset: number;
}

/** The spans between two instants; no zone changes its clocks twice within a few days. */
export function zoneSpans(offsetAt: ZoneOffset, begin: number, end: number): ZoneSpan[] {
  const [first, last] = [offsetAt(begin), offsetAt(end)];
  if (first === last) return [{ begin, end, offset: first }];
  let [before, change] = [begin, end];
  while (change - before > 1) {
    const middle = Math.floor((before + change) / 2);
    if (offsetAt(middle) === first) before = middle;
    else change = middle;
  }
  return [
    { begin, end: change, offset: first },
    { begin: change, end, offset: last },
  ];
}
