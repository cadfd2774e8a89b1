// Puts the modules of the command line together: reading 150 files took longer than most commands take. `tsc` has made dist/ before; the entries
// keep their places, what they share goes to dist/chunks/, and packages stay where they are. Threads are entries too: their makers look for them beside
// their own file.
import { copyFileSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';

/** A package that is part of the bundle, since it has many small files. */
const bundled = '@duckdb/node-api';

rmSync('dist/chunks', { recursive: true, force: true });
const bundle = await rolldown({
  input: {
    'cli/main': 'dist/cli/main.js',
    'cli/program': 'dist/cli/program.js',
    'chunks/flush-worker': 'dist/record/flush-worker.js',
    'chunks/template-worker': 'dist/control/deployments/template-worker.js',
    'chunks/settle-worker': 'dist/lake/flows/settle-worker.js',
    'chunks/encode-worker': 'dist/lake/files/encode-worker.js',
  },
  platform: 'node',
  external: (name) => /^[^./]/.test(name) && name !== bundled,
});
await bundle.write({ dir: 'dist', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' });
await bundle.close();
copyFileSync(`node_modules/${bundled}/LICENSE`, 'dist/chunks/duckdb-node-api.LICENSE');
