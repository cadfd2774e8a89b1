import { errorTable, fileError } from '../base/errors.ts';
import { takeInterrupt } from './interrupt.ts';
import { version } from './version.ts';

const interruptedExit = errorTable.interrupted.exit;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // With the exit code known so far: a reader that quits early does not turn a failure into success.
  if (error.code === 'EPIPE') process.exit();
  void import('./program.ts').then(({ report }) => process.exit(report(fileError(error, 'write the answer'), false)));
});
// A recorder continues after its standard error is closed.
process.stderr.on('error', () => undefined);
process.on('SIGINT', () => {
  if (!takeInterrupt()) return;
  process.stderr.write('\nnsgflow: interrupted\n');
  process.exit(interruptedExit);
});

const args = process.argv.slice(2);
// Without the command line parser, which takes longer to load than this takes in total.
if (args.length === 1 && args[0] === '--version') process.stdout.write(`${version()}\n`);
else process.exitCode = await (await import('./program.ts')).run(args);
// Without waiting for the open resources of an interrupted command.
if (process.exitCode === interruptedExit) process.exit();
