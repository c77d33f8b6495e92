/** Of this program, as /pg/status and metrics tell it. */
export const version = '0.1.0';
