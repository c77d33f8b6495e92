import { parseQuantity } from '../../api/validation/quantity.ts';

/** The number that a quantity stands for; 0 when there is none (the API server refuses what is none). */
export const quantity = (text: string | number | undefined): number => parseQuantity(text ?? '') ?? 0;
