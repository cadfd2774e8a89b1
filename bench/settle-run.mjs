// A process of bench/settle.bench.mjs and query.bench.mjs: ingests logs into a lake, settles it, but for `unsettled`, and prints what each took.
import { pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';

const [logs, lake, what = 'settled'] = process.argv.slice(2);
const dist = (path) => import(pathToFileURL(join(resolve('dist'), path)).href);
const { Ingester } = await dist('ingest/ingest.js');
const { listSources } = await dist('source/list-sources.js');
const { selectsAll } = await dist('source/selection.js');

const seconds = (before) => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
const ingester = new Ingester({ sources: [logs], lake });
const beforeIngest = process.cpuUsage();
await ingester.pass((unlisted) => listSources([logs], selectsAll, unlisted));
const ingest = seconds(beforeIngest);
const beforeSettle = process.cpuUsage();
if (what === 'settled') await ingester.settle();
const settle = seconds(beforeSettle);
await ingester.close();
console.log(
  JSON.stringify({
    tuples: ingester.totals.tuples,
    ingest,
    settle,
    whole: seconds(),
    mebibytes: process.resourceUsage().maxRSS / 1024,
  }),
);
