// Compiles the AssemblyScript of kernel/ into modules below src/. The modules are committed, so running and testing need no compiler.
// A module is compiled again only if its sources changed.
//
//   --check            changes nothing, and fails if a module was made of other sources
//   --check --compile  also compiles, and fails if the result is another module
//   --asserts FOLDER   writes the modules into a folder, with asserts: an access beyond its column traps. Tests load them from there
//                      (NSGFLOW_KERNEL_ASSERTS, see vitest.config.ts)
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { arraysFile, layoutFiles, placeLayout } from './kernel-layout.mjs';

const kernels = [
  { folder: 'tuples', target: 'src/flowlog/tuple-kernel-module.ts', name: 'tupleKernelModule', hasLayout: true },
  { folder: 'flow', target: 'src/flow/kernel-module.ts', name: 'kernelModule', hasLayout: true },
  { folder: 'pages', target: 'src/parquet/page-kernel-module.ts', name: 'pageKernelModule', hasLayout: true },
  {
    folder: 'read-rows',
    target: 'src/lake/tuples/read-kernel-module.ts',
    name: 'readKernelModule',
    hasLayout: true,
  },
  {
    folder: 'scan',
    target: 'src/flowlog/scan-kernel-module.ts',
    name: 'scanKernelModule',
    hasLayout: true,
    features: ['--enable', 'simd'],
  },
  {
    folder: 'settle',
    target: 'src/lake/flows/settle-kernel-module.ts',
    name: 'settleKernelModule',
    hasLayout: true,
  },
].map((kernel) => ({ ...kernel, source: `kernel/${kernel.folder}/${kernel.folder}.ts` }));
const flags = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--importMemory'];
/** A failed assert traps, and the stack names the functions. */
const assertFlags = [...flags.filter((flag) => flag !== '--noAssert'), '--use', 'abort=', '--debug'];

const check = process.argv.includes('--check');
await writeLayouts(kernels.filter(({ hasLayout }) => hasLayout));
const assertsAt = process.argv.indexOf('--asserts');
if (assertsAt > 0) await writeWithAsserts(process.argv[assertsAt + 1]);
else for (const kernel of kernels) await writeModule(kernel);

async function writeModule(kernel) {
  const { target } = kernel;
  const digest = digestOf(kernel);
  const before = existsSync(target) ? readFileSync(target, 'utf8') : '';
  const isCurrent = before.includes(digest);
  const stale = `${target} is not what its sources give: run npm run build`;
  if (check && !isCurrent) throw new Error(stale);
  if (check && process.argv.includes('--compile') && (await compile(kernel, digest)) !== before) throw new Error(stale);
  if (!check && !isCurrent) writeFileSync(target, await compile(kernel, digest));
}

async function writeWithAsserts(folder) {
  for (const kernel of kernels)
    writeFileSync(join(folder, basename(kernel.target)), await compile(kernel, 'with asserts', assertFlags));
}

/** Writes the layouts of the memory of modules for both sides, and notes their lengths. */
async function writeLayouts(modules) {
  const tables = [];
  for (const kernel of modules) {
    const { folder } = kernel;
    const { default: table } = await import(`../kernel/${folder}/layout.mjs`);
    tables.push(table);
    kernel.memoryLength = placeLayout(table).memoryLength;
    for (const [file, text] of Object.entries(layoutFiles(folder, table)))
      writeMade(file, text, `kernel/${folder}/layout.mjs`);
  }
  writeMade('kernel/base/arrays.ts', arraysFile(tables), 'kernel/*/layout.mjs');
}

function writeMade(file, text, from) {
  if (existsSync(file) && readSource(file) === text) return;
  if (check) throw new Error(`${file} is not what ${from} gives: run npm run build`);
  writeFileSync(file, text);
}

function digestOf({ source, memoryLength, features = [] }) {
  const hash = createHash('sha256').update([...flags, ...features, memoryLength].join(' '));
  for (const file of sourcesOf(source)) hash.update(readSource(file));
  return hash.digest('hex');
}

/** A source file, and all that it imports. */
function sourcesOf(file, known = new Set()) {
  if (known.has(file)) return known;
  known.add(file);
  for (const [, name] of readSource(file).matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)';/gm))
    sourcesOf(`${posix.join(posix.dirname(file), name)}.ts`, known);
  return known;
}

function readSource(file) {
  return readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
}

/** In TypeScript, which the formatter and the linter read, a function has no decorators: the sources write them as comments, on a line of their own. */
function withDecorators(text) {
  return text.replaceAll(/^\/\/ (@(?:inline|external\(.*\)))$/gm, '$1');
}

async function compile({ source, name, memoryLength, features = [] }, digest, buildFlags = flags) {
  const { default: asc } = await import('assemblyscript/asc');
  const files = new Map();
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main(
    [source, '--outFile', 'kernel.wasm', ...buildFlags, ...features, '--initialMemory', String(memoryLength / 65_536)],
    {
      readFile: (file) => (existsSync(file) ? withDecorators(readSource(file)) : null),
      writeFile: (file, contents) => void files.set(file, contents),
      listFiles: () => [],
      stderr,
    },
  );
  if (error)
    throw new Error([source, ...stderr.map((part) => Buffer.from(part).toString())].join('\n'), { cause: error });
  const text = Buffer.from(files.get('kernel.wasm')).toString('base64');
  return [
    `// Made by scripts/build-kernel.mjs from ${source}.`,
    `// ${digest}`,
    `/** ${source} as WebAssembly, in base64. */`,
    `export const ${name} =`,
    `  '${text}';`,
    '',
  ].join('\n');
}
