// Loaded before the command line: standard output is a terminal, unless it is a file. TERMINAL_COLUMNS says how wide; it is 100 without.
import { fstatSync } from 'node:fs';

const columns = Number(process.env.TERMINAL_COLUMNS ?? 100);
if (!fstatSync(1).isFile()) Object.assign(process.stdout, { isTTY: true, columns, rows: 1000 });
