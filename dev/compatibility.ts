// `npm run compatibility`: how much of each kind this version honours; docs/compatibility.md has the fields.
import { kinds } from '../src/api/kinds/kinds.ts';
import { compatibility, summaryLine } from '../src/api/support/compatibility.ts';

for (const entry of compatibility(kinds)) process.stdout.write(`${summaryLine(entry)}\n`);
