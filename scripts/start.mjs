// The service on the example: its network and flow logs in the control plane, its capture recorded, the flow logs in a table. It stays up until Ctrl-C.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const main = 'dist/cli/nsgflow.cjs';
const data = 'nsgflow-data';
const lake = `${data}/lake`;

function newest(folder) {
  return readdirSync(folder, { recursive: true }).reduce(
    (latest, file) => Math.max(latest, statSync(join(folder, file)).mtimeMs),
    0,
  );
}

if (!existsSync(main) || statSync(main).mtimeMs < newest('src')) {
  console.log('Building.');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const { wholeCaptureLine } = await import('../dist/server/start-lines.js');
const line = `serve --data ${data} --lake ${lake} --network examples/network.json --format nsg2 --capture examples/traffic.pcap ${process.argv.slice(2).join(' ')}`;
console.log(`\nThe service, with the network and the capture of the example.\n  $ nsgflow ${line}\n`);
const service = spawn(process.execPath, [main, ...line.trim().split(/\s+/)], { stdio: ['inherit', 'inherit', 'pipe'] });
service.on('exit', (code) => (process.exitCode = code ?? 1));
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => service.kill('SIGTERM'));

function nsgflow(title, command) {
  console.log(`\n${title}\n  $ nsgflow ${command}\n`);
  spawnSync(process.execPath, [main, ...command.split(' ')], { stdio: 'inherit' });
}

/** What signs a browser in; '' without a console. */
let consoleAddress = '';

/** Passes on what the service says. Resolves to true when it has said that all is in the table, to false when it ends before. */
function untilWhole() {
  return new Promise((resolve) => {
    const lines = createInterface({ input: service.stderr });
    lines.on('line', (text) => {
      process.stderr.write(`${text}\n`);
      consoleAddress = /^console at (\S+)$/.exec(text)?.[1] ?? consoleAddress;
      if (text === wholeCaptureLine) resolve(true);
    });
    lines.on('close', () => resolve(false));
  });
}

if (await untilWhole()) {
  const options = `--lake ${lake} -o table`;
  nsgflow('Who sends the most:', `top --by src.ip --metric bytes,flows --limit 5 ${options}`);
  nsgflow('Bytes over time, allowed and denied:', `series --by access --metric bytes ${options}`);
  console.log(`
The service stays up until Ctrl-C. ${consoleAddress === '' ? '' : `Its console:\n  ${consoleAddress}\n`}
Try in another shell (nsgflow is  node ${main}):
  nsgflow top access = deny --by rule,dst.port --metric flows --lake ${lake}     # what was denied, and by which rule
  nsgflow flows dst.port = 22 --lake ${lake}                                     # connections, the newest first
  eval "$(nsgflow serve --env)"                                                        # then az and the Azure SDKs talk to it: docs/start/local-network-watcher.md
`);
}
