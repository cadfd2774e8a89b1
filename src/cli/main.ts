import { errorTable, fileError } from '../base/errors.ts';
import { askToStop } from './interrupt.ts';
import { version } from './version.ts';

const interruptedExit = errorTable.interrupted.exit;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // With the exit code that is known by now: who leaves early does not make a failure a success.
  if (error.code === 'EPIPE') process.exit();
  void import('./program.ts').then(({ report }) => process.exit(report(fileError(error, 'write the answer'), false)));
});
// A recorder goes on when nobody reads its warnings any more.
process.stderr.on('error', () => undefined);
process.on('SIGINT', () => {
  if (askToStop()) return;
  process.stderr.write('\nnsgflow: interrupted; run again to go on\n');
  process.exit(interruptedExit);
});

const args = process.argv.slice(2);
// Without the parser of command lines, which takes longer to load than this takes altogether.
if (args.length === 1 && args[0] === '--version') process.stdout.write(`${version()}\n`);
else process.exitCode = await (await import('./program.ts')).run(args);
// Without waiting for what an interrupted command has left open.
if (process.exitCode === interruptedExit) process.exit();
