// Loaded into a service that a test starts: when the test is gone, however it ended, so is the service. The pipe to standard input tells.
// Threads of the service load it, too.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL'));
  process.stdin.resume();
  process.stdin.unref();
}
