// src/instance/replication/clone.ts from the simulated PostgreSQL at an address.
import { theWorld } from '../stage.ts';

export async function clone(origin: { readonly host: string }, place: { readonly data: string }): Promise<boolean> {
  const world = theWorld();
  await world.wait(world.random.between(200, 1500));
  world.copyDatabase(origin.host, place.data);
  await world.wait(world.random.between(50, 300));
  return true;
}
