// A process of bench/settle.bench.mjs and query.bench.mjs: ingests logs into a lake, settles it, but for `unsettled`, and prints what each took; then the same
// of more logs, where they are given, as who follows does.
import { dist } from './built.mjs';

const [logs, lake, what = 'settled', more] = process.argv.slice(2);
const { Ingester } = await dist('ingest/ingest.js');
const { listSources } = await dist('source/list-sources.js');
const { selectsAll } = await dist('source/selection.js');

const seconds = (before) => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
const ingester = new Ingester({ sources: [logs, ...(more === undefined ? [] : [more])], lake });
const ingestAll = (folder) => ingester.pass((unlisted) => listSources([folder], selectsAll, unlisted));
const timed = async (step) => {
  const before = process.cpuUsage();
  await step();
  return seconds(before);
};
const ingest = await timed(() => ingestAll(logs));
const settle = await timed(async () => (what === 'settled' ? await ingester.settle() : undefined));
const { tuples } = ingester.totals;
if (more !== undefined) await ingestAll(more);
const later = more === undefined ? undefined : await timed(() => ingester.settle());
await ingester.close();
console.log(
  JSON.stringify({
    tuples,
    ingest,
    settle,
    later,
    whole: seconds(),
    mebibytes: process.resourceUsage().maxRSS / 1024,
  }),
);
