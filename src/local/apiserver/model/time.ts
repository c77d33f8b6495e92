/** metav1.Time: whole seconds. */
export const timestamp = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
