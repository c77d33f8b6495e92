import type { World } from './world.ts';

/**
 * Which world is on. The only state of a module in the simulation, because it stands in for what a real process has one of: its clock,
 * its file system, its network. One thread plays one world at a time.
 */
export const stage: { world: World | undefined } = { world: undefined };

export function theWorld(): World {
  if (!stage.world) throw new Error('no world is on stage');
  return stage.world;
}
