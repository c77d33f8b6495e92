// src/instance/replication/slot.ts: simulated logs are kept for ever.
export const reserveSlot = async (): Promise<void> => Promise.resolve();
