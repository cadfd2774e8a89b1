// Compiles kernel/flow.ts with AssemblyScript into src/flow/kernel-module.ts, which is committed: whoever runs or tests needs no compiler. Does nothing
// while the sources are those that the module was made of. With `--check` it changes nothing, and fails where the module is of other sources; with
// `--check --compile`, where compiling gives another one.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const sources = ['kernel/flow.ts', 'src/flow/kernel-layout.ts', 'scripts/build-kernel.mjs'];
const target = 'src/flow/kernel-module.ts';
const memoryLength = 390_070_272;

const hash = createHash('sha256');
for (const source of sources) hash.update(readFileSync(source, 'utf8').replaceAll('\r\n', '\n'));
const digest = hash.digest('hex');
const before = existsSync(target) ? readFileSync(target, 'utf8') : '';
const check = process.argv.includes('--check');
const isCurrent = before.includes(digest);
const stale = `${target} is not what its sources give: run npm run build`;
if (check && !isCurrent) throw new Error(stale);
if (check && process.argv.includes('--compile') && (await compile()) !== before) throw new Error(stale);
if (!check && !isCurrent) writeFileSync(target, await compile());

async function compile() {
  const { default: asc } = await import('assemblyscript/asc');
  const files = new Map();
  const { error } = await asc.main(
    [
      'kernel/flow.ts',
      '--outFile',
      'flow.wasm',
      '-O3',
      '--converge',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--initialMemory',
      String(memoryLength / 65_536),
    ],
    {
      readFile: (name) => (existsSync(name) ? readFileSync(name, 'utf8') : null),
      writeFile: (name, contents) => void files.set(name, contents),
      listFiles: () => [],
    },
  );
  if (error) throw error;
  const text = Buffer.from(files.get('flow.wasm')).toString('base64');
  return [
    '// Made by scripts/build-kernel.mjs from kernel/flow.ts.',
    `// ${digest}`,
    '/** The kernel as WebAssembly, in base64. */',
    'export const kernelModule =',
    `  '${text}';`,
    '',
  ].join('\n');
}
