// Pictures of the terminal in docs/pictures, as SVG: `npm run pictures` (after `npm run build`). With --check it only says which are not current.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** @type {[string, number, string[]][]} Name of the picture, columns of its terminal, arguments of the command. */
const pictures = [
  ['top', 80, ['top', '--by', 'src.ip', '--limit', '5']],
  ['flows', 100, ['flows', 'access = deny and dst.port in (22, 3389)', '--limit', '8']],
  ['series', 100, ['series', '--by', 'access', '--bucket', '30s', '--metric', 'bytes']],
  ['matrix', 100, ['matrix', '--by', 'src.ip,dst.port', '--metric', 'flows', '--limit', '6']],
];

/** Colors of the sixteen, as in a dark terminal. */
const palette = ['#3b4252', '#f47067', '#57ab5a', '#c69026', '#539bf5', '#b083f0', '#39c5cf', '#cdd9e5'];

const root = resolve(import.meta.dirname, '..');
const folder = join(root, 'docs/pictures');
const check = process.argv.includes('--check');
const work = mkdtempSync(join(tmpdir(), 'nsgflow-pictures-'));

try {
  symlinkSync(join(root, 'examples'), join(work, 'examples'));
  run(80, ['record', '--capture', 'examples/traffic.pcap', '--network', 'examples/network.json', '--to', 'logs']);
  run(80, ['ingest', 'logs', '--lake', 'lake']);
  if (!check) mkdirSync(folder, { recursive: true });
  const stale = pictures.filter(([name, columns, args]) => {
    const file = join(folder, `${name}.svg`);
    const picture = svgOf(
      `$ nsgflow ${args.map(quoted).join(' ')}`,
      run(columns, [...args, '--lake', 'lake']),
      columns,
    );
    const isCurrent = readFileSync(file, { encoding: 'utf8', flag: 'a+' }) === picture;
    if (!check && !isCurrent) writeFileSync(file, picture);
    return !isCurrent;
  });
  if (check && stale.length > 0) {
    console.error(`not current: ${stale.map(([name]) => name).join(', ')}; run npm run pictures`);
    process.exitCode = 1;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** What a command prints on a terminal with colors. */
function run(columns, args) {
  const terminal = join(root, 'test/pages/as-terminal.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', terminal, join(root, 'dist/cli/nsgflow.cjs'), ...args],
    {
      cwd: work,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '', NSGFLOW_LAKE: '', TERMINAL_COLUMNS: String(columns) },
    },
  );
  if (status !== 0) throw new Error(`nsgflow ${args.join(' ')}: ${stderr}`);
  return stdout + stderr;
}

function quoted(word) {
  return /^[\w.,:/-]+$/.test(word) ? word : `'${word}'`;
}

function svgOf(command, output, columns) {
  const lines = [command, ...output.trimEnd().split('\n')];
  const [cell, line, margin] = [8.43, 16.3, 14];
  const width = Math.ceil(columns * cell + 2 * margin);
  const height = Math.ceil(lines.length * line + 2 * margin);
  const rows = lines.map(
    (text, i) => `<text x="${margin}" y="${(margin + 12 + i * line).toFixed(1)}">${spansOf(text)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<rect width="100%" height="100%" rx="8" fill="#1c2128"/>
<g font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="#cdd9e5" style="white-space:pre" xml:space="preserve">
${rows.join('\n')}
</g>
</svg>
`;
}

/** Text with the escape sequences of colors as spans. */
function spansOf(text) {
  let style = '';
  return text
    .split('\u001b[')
    .map((part, i) => {
      const end = i === 0 ? -1 : part.indexOf('m');
      if (i > 0) style = styleOf(part.slice(0, end).split(';').map(Number), style);
      const shown = part.slice(end + 1);
      return shown === '' ? '' : `<tspan${style}>${escaped(shown)}</tspan>`;
    })
    .join('');
}

function styleOf(codes, before) {
  let style = before;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) style = '';
    else if (code === 1) style += ' font-weight="bold"';
    else if (code === 2) style += ' opacity="0.6"';
    else if (code >= 30 && code <= 37) style = ` fill="${palette[code - 30]}"`;
    else if (code >= 90 && code <= 97) style = ` fill="${palette[code - 90]}"`;
    else if (code === 38 && codes[i + 1] === 5) {
      style = ` fill="${color256(codes[i + 2])}"`;
      i += 2;
    } else if (code === 39) style = '';
  }
  return style;
}

function color256(index) {
  if (index < 16) return palette[index % 8];
  if (index >= 232)
    return `rgb(${Array(3)
      .fill(8 + 10 * (index - 232))
      .join()})`;
  const level = (step) => (step === 0 ? 0 : 55 + 40 * step);
  const at = index - 16;
  return `rgb(${level(Math.floor(at / 36))},${level(Math.floor(at / 6) % 6)},${level(at % 6)})`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
