// Types, lint, format, unused code and the build, at the same time. The linter reports the errors of the type checker, so that types are made once;
// sources of kernel/ are AssemblyScript, whose compiler checks their types.
import { spawn } from 'node:child_process';

const steps = [
  'npm run check:types',
  'npm run check:lint',
  'npm run check:format',
  'npm run check:unused',
  'npm run build',
];

const failed = (await Promise.all(steps.map(passes))).includes(false);
process.exit(failed ? 1 : 0);

/** Runs a command and prints what it printed, as one piece. @returns whether it passed */
function passes(command) {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (printed += text));
    child.on('close', (code) => {
      console.log(`${printed.trim()}\n${code === 0 ? 'passed' : 'failed'}: ${command}`);
      resolve(code === 0);
    });
  });
}
