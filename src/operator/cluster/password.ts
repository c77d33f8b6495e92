import { randomInt } from 'node:crypto';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 64 letters and digits: strong, and safe in every file format that it ends up in. */
export const randomPassword = (): string =>
  Array.from({ length: 64 }, () => letters[randomInt(letters.length)] ?? 'x').join('');
