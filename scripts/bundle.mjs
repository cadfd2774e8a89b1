// Joins the modules of the command line and the packages that they use into the files that are published: an installation then has one package with
// 90 files, and DuckDB. What several commands share goes to dist/chunks/. Threads and processes are entries: their makers look for them beside their own file.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { rolldown } from 'rolldown';
import { bundledPackages, licenses, sbom } from './sbom.mjs';

/** Modules that load before anything else: `nsgflow --version` needs no others. */
const start = /src[\\/](?:base[\\/]errors|cli[\\/](?:interrupt|version))\.ts$/;
/** Shared modules below this size join a neighbor that is used by nearly the same commands. Above 100 files, a package is refused by its test. */
const chunkBytesMin = 90_000;

rmSync('dist/chunks', { recursive: true, force: true });
const settings = {
  platform: 'node',
  external: (name) => name.startsWith('node:') || name.startsWith('@duckdb/node-bindings'),
};
const bundle = await rolldown({
  ...settings,
  input: {
    'cli/main': 'src/cli/main.ts',
    'cli/program': 'src/cli/program.ts',
    'chunks/flush-worker': 'src/record/flush-worker.ts',
    'chunks/template-worker': 'src/control/deployments/template-worker.ts',
    'chunks/settle-worker': 'src/lake/flows/settle-worker.ts',
    'chunks/encode-worker': 'src/lake/files/encode-worker.ts',
    'chunks/language-worker': 'src/query/kql/language/language-worker.ts',
  },
});
/** Packages that import Node's HTTP modules; beside the options of commands, each command would load them at its start. */
const network = /node_modules[\\/]@(?:azure|typespec)[\\/]/;
const shared = { name: 'shared', test: /./, minShareCount: 2, entriesAware: true };
const { output } = await bundle.write({
  dir: 'dist',
  entryFileNames: '[name].js',
  chunkFileNames: ({ name }) => `chunks/${name.startsWith('shared') ? 'shared' : '[name]'}-[hash].js`,
  // Joined chunks import each other in circles: a module then runs when the first one that needs it does.
  strictExecutionOrder: true,
  codeSplitting: {
    groups: [
      { name: 'start', test: start, priority: 1 },
      { ...shared, name: 'network', test: network, priority: 1 },
      { ...shared, entriesAwareMergeThreshold: chunkBytesMin },
    ],
  },
});
await bundle.close();

// A process is one file of its own: with shared files, it would load four times as much.
const processes = await rolldown({ ...settings, input: { 'sql-child': 'src/query/duckdb/sql-child.ts' } });
const { output: ofProcesses } = await processes.write({ dir: 'dist/chunks', codeSplitting: false });
await processes.close();

// Countries of addresses: src/enrich/packed-file.ts looks for it beside its module.
const countries = 'geo-whois-asn-country.mmdb';
const packed = createRequire(import.meta.url).resolve(`@ip-location-db/geo-whois-asn-country-mmdb/${countries}`);
copyFileSync(packed, `dist/chunks/${countries}`);

// The language service of KQL: two scripts that set globals, so that they are no modules of the bundle.
const kusto = 'node_modules/@kusto/language-service-next';
const scripts = ['bridge.min.js', 'Kusto.Language.Bridge.min.js'].map((name) => `${kusto}/${name}`);
writeFileSync('dist/chunks/kusto-language.js', scripts.map((path) => readFileSync(path, 'utf8')).join('\n;\n'));

const modules = [...output, ...ofProcesses].flatMap((chunk) => Object.keys(chunk.modules ?? {}));
const ofConsole = JSON.parse(readFileSync('dist/console-packages.json', 'utf8'));
const packages = bundledPackages([...modules, ...scripts, ...ofConsole]);
writeFileSync('dist/LICENSES.txt', licenses(packages));
writeFileSync('dist/sbom.json', `${JSON.stringify(sbom(packages), undefined, 2)}\n`);
