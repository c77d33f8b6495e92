/** A history that only fills the number of an epoch in which nobody was promoted (rule 24, ha/history-files.ts). */
export const isFiller = (history: string): boolean => /\tepoch \d+ not promoted\n*$/.test(history);
