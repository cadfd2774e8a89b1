// Loaded before the command line: standard output is a terminal of 100 columns, unless it is a file.
import { fstatSync } from 'node:fs';

if (!fstatSync(1).isFile())
  Object.assign(process.stdout, {
    isTTY: true,
    columns: 100,
    rows: 1000,
    getColorDepth: () => 1,
    hasColors: () => false,
  });
