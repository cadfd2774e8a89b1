#!/usr/bin/env node
import { fileError } from '../base/errors.ts';
import { askToStop } from './interrupt.ts';
import { report, run } from './program.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.exit(report(fileError(error, 'write the answer'), false));
});
process.on('SIGINT', () => {
  if (askToStop()) return;
  process.stderr.write('\nnsgflow: interrupted; run again to go on\n');
  process.exit(130);
});

process.exitCode = await run(process.argv.slice(2));
