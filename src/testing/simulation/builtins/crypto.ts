// node:crypto with ids that the seed decides.
import { theWorld } from '../stage.ts';

export * from 'node:crypto';

export const randomUUID = (): string => theWorld().random.id();
