/** Times in status have whole seconds, as Kubernetes writes them. */
export const wholeSeconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
/** RFC 3339 with microseconds, as the timestamps of primaries have them. */
export const micros = (date: Date): string => date.toISOString().replace('Z', '000Z');
