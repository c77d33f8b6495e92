import { expect } from '@jest/globals';
import type pg from 'pg';
import { longestOverlap } from './checker/overlap.ts';
import { type LoadReport, lostAndFound } from './write-load.ts';

/** Every acknowledged row is there once, none that nobody sent, and no two have acknowledged in the same time. */
export async function expectSound(session: pg.Client, report: LoadReport, table?: string): Promise<void> {
  expect(await lostAndFound(session, report, table)).toEqual({ lost: [], twice: [], unknown: [] });
  expect(longestOverlap(report.acknowledgements)).toBeUndefined();
}
