#!/usr/bin/env node
import { askToStop } from './interrupt.ts';
import { run } from './program.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.on('SIGINT', () => {
  if (askToStop()) return;
  process.stderr.write('\nnsgflow: interrupted; run again to go on\n');
  process.exit(130);
});

process.exitCode = await run(process.argv.slice(2));
