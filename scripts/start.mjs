// The main job on the example: packets → flow logs → lake → answers, with the commands that a person would type.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const main = 'dist/cli/main.js';
const data = 'nsgflow-data';

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

function nsgflow(title, line) {
  console.log(`\n${title}\n  $ nsgflow ${line}\n`);
  const { status } = spawnSync(process.execPath, [main, ...line.split(' ')], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const lake = `--lake ${data}/lake -o table`;
nsgflow(
  'Packets become flow logs, as the NSGs of the example network decide.',
  `record --capture examples/traffic.pcap --network examples/network.json --to ${data}/logs`,
);
nsgflow('The flow logs are read into a table.', `ingest ${data}/logs --lake ${data}/lake`);
nsgflow('Flows by access and rule.', `top --by access,rule --metric flows --limit 20 ${lake}`);
nsgflow('Top talkers by bytes.', `top --by src.ip --metric bytes --limit 5 ${lake}`);
nsgflow('Top denied ports.', `top access = deny --by dst.port,protocol --metric flows --limit 5 ${lake}`);

console.log(`
The blobs lie in   ${data}/logs   (the paths of Azure Network Watcher)
The table lies in  ${data}/lake   (Delta Lake: open it with DuckDB, Spark, Fabric, ClickHouse, …)

Try next, with  node ${main}  for nsgflow:
  nsgflow flows 'access = deny and dst.port in (22, 3389)' --lake ${data}/lake
  nsgflow count --lake ${data}/lake
  nsgflow query --sql "select rule, count(*) from flows group by all" --lake ${data}/lake
  nsgflow nsg show --network examples/network.json
`);
