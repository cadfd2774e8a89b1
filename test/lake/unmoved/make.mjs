/**
 * Made `lake.json.gz`, by a build of nsgflow that kept the table of tuples in the lake's own folder (the last one before `tuples/`):
 *
 *   node make.mjs PATH/dist lake.json.gz
 *
 * Two blobs of two dates, which grow by a record in each of eleven commits: so there is a checkpoint. Compacted and vacuumed on the way, and settled.
 * The file has the bytes of each file of the lake, as base64, by its path.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const [dist, target] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(dist, name)).href);
const { ingest } = await load('ingest/ingest.js');
const { openLake } = await load('lake/lake.js');
const { compact } = await load('lake/compact.js');
const { settle } = await load('lake/flows/settle.js');
const { vacuum } = await load('lake/vacuum.js');

const root = '/tmp/nsgflow-example';
const folder = join(root, 'lake');
const logs = join(root, 'logs');
const id =
  '/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000001/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB';
const mac = '000D3A000001';
const later = Date.now() + 20 * 86_400_000;

function record(day, minute) {
  const time = new Date(`2026-11-${day}T10:${String(minute).padStart(2, '0')}:00Z`);
  const seconds = time.getTime() / 1000;
  const flowTuples = [
    `${seconds},10.0.0.4,10.0.0.5,${40_000 + minute},443,T,O,A,B,,,,`,
    `${seconds + 1},10.0.0.4,10.0.0.5,${40_000 + minute},443,T,O,A,E,3,300,2,1000`,
    `${seconds + 2},203.0.113.9,10.0.0.4,${50_000 + minute},22,T,I,D,B,,,,`,
  ];
  return JSON.stringify({
    time: time.toISOString(),
    macAddress: mac,
    category: 'NetworkSecurityGroupFlowEvent',
    resourceId: id,
    operationName: 'NetworkSecurityGroupFlowEvents',
    properties: { Version: 2, flows: [{ rule: 'UserRule_Web', flows: [{ mac, flowTuples }] }] },
  });
}

rmSync(root, { recursive: true, force: true });
for (let commit = 0; commit < 11; commit++) {
  for (const day of ['20', '21']) {
    const path = `resourceId=${id}/y=2026/m=11/d=${day}/h=10/m=00/macAddress=${mac}/PT1H.json`;
    mkdirSync(dirname(join(logs, path)), { recursive: true });
    const records = Array.from({ length: commit + 1 }, (_, minute) => record(day, minute));
    writeFileSync(join(logs, path), `{"records":[${records.join(',')}]}`);
  }
  await ingest({ sources: [logs], lake: folder, rejectedMax: undefined });
  if (commit !== 8) continue;
  const lake = await openLake(folder);
  await settle(lake);
  for await (const step of compact(lake, later)) void step;
  await vacuum(lake, { nowMillis: later, keepMillis: 0, dryRun: false });
  await lake.close();
}
const files = {};
for (const path of readdirSync(folder, { recursive: true }).sort((a, b) => (a < b ? -1 : 1)))
  if (statSync(join(folder, path)).isFile()) files[path] = readFileSync(join(folder, path)).toString('base64');
writeFileSync(target, gzipSync(JSON.stringify(files, null, 1)));
rmSync(root, { recursive: true, force: true });
