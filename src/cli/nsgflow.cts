#!/usr/bin/env node
// Node makes its pool of threads at the first use, which is loading an ES module, so this file is none. A service answers many questions beside its
// recording: DuckDB's calls take at most three quarters of these threads, files have the others (lake/duckdb/gates.ts). Other commands need Node's four.
const serviceThreads = 16;

if (process.argv.includes('serve') && !(Number(process.env['UV_THREADPOOL_SIZE']) >= serviceThreads))
  process.env['UV_THREADPOOL_SIZE'] = `${serviceThreads}`;
void import('./main.ts');
