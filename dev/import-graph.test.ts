import { expect, test } from '@jest/globals';
import { folderCircles } from './import-graph.ts';

test('no folders import each other in a circle', () => expect(folderCircles()).toEqual([]));
