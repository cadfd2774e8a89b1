// `npm run bench [-- NAME NUMBER …]`: runs bench/NAME.bench.mjs, or all, and writes their tables into docs/how-it-works/benchmarks.md with machine and date, one
// for each name and numbers.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

const page = 'docs/how-it-works/benchmarks.md';
const [chosen, ...rest] = process.argv.slice(2);
const names = readdirSync('bench')
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''))
  .filter((name) => chosen === undefined || name === chosen);

for (const name of names) {
  const { run } = await import(`./${name}.bench.mjs`);
  const { title, header, rows, note } = await run(...rest.map(Number));
  const id = [name, ...rest].join(' ');
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const section = [
    `<!-- ${id} -->`,
    `## ${title}`,
    '',
    line(header),
    line(header.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(line),
    '',
    ...(note === undefined ? [] : [note, '']),
    `${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ` +
      `${new Date().toISOString().slice(0, 10)}: \`npm run bench -- ${id}\``,
    `<!-- /${id} -->`,
  ].join('\n');
  console.log(section);
  const before = readFileSync(page, 'utf8');
  const start = before.indexOf(`<!-- ${id} -->`);
  const end = before.indexOf(`<!-- /${id} -->`);
  writeFileSync(
    page,
    start < 0
      ? `${before.trimEnd()}\n\n${section}\n`
      : before.slice(0, start) + section + before.slice(end + `<!-- /${id} -->`.length),
  );
}
