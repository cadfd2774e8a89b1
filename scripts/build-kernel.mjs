// Compiles the AssemblyScript of kernel/ into modules below src/, which are committed: whoever runs or tests needs no compiler. Does nothing while
// the sources are those that a module was made of. With `--check` it changes nothing, and fails where a module is of other sources; with
// `--check --compile`, where compiling gives another one.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const kernels = [
  {
    source: 'kernel/flow/flow.ts',
    parts: [
      'kernel/flow/age.ts',
      'kernel/flow/events.ts',
      'kernel/flow/frames.ts',
      'kernel/flow/judge.ts',
      'kernel/flow/keys.ts',
      'kernel/flow/observe.ts',
      'kernel/flow/rows.ts',
      'src/flowlog/tuple-kernel-layout.ts',
    ],
    layout: 'src/flow/kernel-layout.ts',
    target: 'src/flow/kernel-module.ts',
    name: 'kernelModule',
    memoryLength: 401_211_392,
  },
  {
    source: 'kernel/tuples/tuples.ts',
    parts: ['kernel/base/ipv6-text.ts', 'kernel/tuples/order.ts'],
    layout: 'src/flowlog/tuple-kernel-layout.ts',
    target: 'src/flowlog/tuple-kernel-module.ts',
    name: 'tupleKernelModule',
    memoryLength: 26_869_760,
  },
  {
    source: 'kernel/pages/pages.ts',
    parts: [
      'kernel/base/ipv6-text.ts',
      'kernel/pages/addresses.ts',
      'kernel/pages/bodies.ts',
      'kernel/pages/buckets.ts',
      'kernel/pages/differences.ts',
      'kernel/pages/order.ts',
      'kernel/pages/zstd.ts',
    ],
    layout: 'src/parquet/page-kernel-layout.ts',
    target: 'src/parquet/page-kernel-module.ts',
    name: 'pageKernelModule',
    memoryLength: 21_757_952,
  },
  {
    source: 'kernel/read-rows/read-rows.ts',
    parts: [
      'kernel/base/hash.ts',
      'kernel/read-rows/values.ts',
      'kernel/read-rows/order.ts',
      'kernel/read-rows/columns.ts',
      'kernel/read-rows/text-numbers.ts',
      'kernel/read-rows/unzstd.ts',
    ],
    layout: 'src/lake/tuples/read-kernel-layout.ts',
    target: 'src/lake/tuples/read-kernel-module.ts',
    name: 'readKernelModule',
    memoryLength: 270_991_360,
  },
  {
    source: 'kernel/scan/scan.ts',
    layout: 'src/flowlog/scan-kernel-layout.ts',
    target: 'src/flowlog/scan-kernel-module.ts',
    name: 'scanKernelModule',
    memoryLength: 23_003_136,
    features: ['--enable', 'simd'],
  },
  {
    source: 'kernel/settle/settle.ts',
    parts: [
      'kernel/base/counter.ts',
      'kernel/base/hash.ts',
      'kernel/settle/columns.ts',
      'kernel/settle/conversation.ts',
      'kernel/settle/flow.ts',
      'kernel/settle/group.ts',
      'kernel/settle/memory.ts',
      'kernel/settle/pool.ts',
      'kernel/settle/row.ts',
      'kernel/settle/sort.ts',
      'kernel/settle/tuple.ts',
    ],
    layout: 'src/lake/flows/settle-kernel-layout.ts',
    target: 'src/lake/flows/settle-kernel-module.ts',
    name: 'settleKernelModule',
    memoryLength: 65_536,
  },
];
const flags = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--importMemory'];

const check = process.argv.includes('--check');
for (const kernel of kernels) {
  const { target } = kernel;
  const digest = digestOf(kernel);
  const before = existsSync(target) ? readFileSync(target, 'utf8') : '';
  const isCurrent = before.includes(digest);
  const stale = `${target} is not what its sources give: run npm run build`;
  if (check && !isCurrent) throw new Error(stale);
  if (check && process.argv.includes('--compile') && (await compile(kernel, digest)) !== before) throw new Error(stale);
  if (!check && !isCurrent) writeFileSync(target, await compile(kernel, digest));
}

function digestOf({ source, parts = [], layout, memoryLength, features = [] }) {
  const hash = createHash('sha256').update([...flags, ...features, memoryLength].join(' '));
  for (const file of [source, ...parts, layout]) hash.update(readFileSync(file, 'utf8').replaceAll('\r\n', '\n'));
  return hash.digest('hex');
}

async function compile({ source, name, memoryLength, features = [] }, digest) {
  const { default: asc } = await import('assemblyscript/asc');
  const files = new Map();
  const { error } = await asc.main(
    [source, '--outFile', 'kernel.wasm', ...flags, ...features, '--initialMemory', String(memoryLength / 65_536)],
    {
      readFile: (file) => (existsSync(file) ? readFileSync(file, 'utf8') : null),
      writeFile: (file, contents) => void files.set(file, contents),
      listFiles: () => [],
    },
  );
  if (error) throw error;
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
