// `npm run compatibility`: how much of each kind this version honours; docs/compatibility.md has the fields.
import { kinds } from '../src/api/kinds.ts';
import { compatibility, summaryLine } from '../src/api/support/compatibility.ts';

process.stdout.write(`${compatibility(kinds).map(summaryLine).join('\n')}\n`);
