import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nsgflowHere } from '../cli/nsgflow.ts';

/**
 * Pages for users. In a block ```console, lines that begin with `$` are commands, and what follows is their output on a terminal of 100 columns. Each page runs
 * in a folder of its own, with the folder `examples`; pages of tasks also find `logs` and `lake` of the example. The long run starts a shell and a process for
 * each command; the everyday run carries out plain commands in its own process. To update the outputs: `npx vitest run test/pages -u`.
 */

const root = resolve(import.meta.dirname, '../..');
const binary = join(root, 'dist/cli/nsgflow.cjs');
const pages = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'examples/README.md', ...markdownBelow('docs')];
const work = mkdtempSync(join(tmpdir(), 'nsgflow-pages-'));
const made = join(work, 'made');

beforeAll(async () => {
  await run(folder('made'), [
    'nsgflow record --capture examples/traffic.pcap --network examples/network.json --to logs',
    'nsgflow ingest logs --lake lake',
  ]);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('every command of a page prints what the page says', () => {
  test.each(pages.filter((page) => text(page).includes('\n```console\n')))('%s', async (page) => {
    const place = folder(page.replaceAll('/', '-'));
    if (page.startsWith('docs/tasks/'))
      for (const one of ['logs', 'lake']) cpSync(join(made, one), join(place, one), { recursive: true });
    const written = await withOutputs(text(page), (commands) => run(place, commands));
    await expect(written).toMatchFileSnapshot(join(root, page));
  });
});

describe('links lead to a file, and to a heading of it', () => {
  test.each(pages)('%s', (page) => {
    const broken: string[] = [];
    for (const [, target] of text(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, file))) broken.push(target);
      else if (anchor !== undefined && !anchorsOf(text(file)).has(anchor)) broken.push(target);
    }
    expect(broken).toEqual([]);
  });
});

function markdownBelow(path: string): string[] {
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(path, name))
    .toSorted();
}

function text(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

function folder(name: string): string {
  const place = join(work, name);
  spawnSync('mkdir', ['-p', place]);
  symlinkSync(join(root, 'examples'), join(place, 'examples'));
  return place;
}

/** Runs the commands of a page. @returns what each printed on both streams, and its exit code if that is not 0 */
async function run(cwd: string, commands: readonly string[]): Promise<string[]> {
  const { NSGFLOW_LAKE: _, ...environment } = process.env;
  const env: Record<string, string> = { NO_COLOR: '1', TZ: 'UTC', PAGER: 'cat' };
  const outputs: string[] = [];
  for (const command of commands) {
    const [, name, value] = /^export (\w+)=(\w*)$/.exec(command) ?? [];
    if (name !== undefined) env[name] = value;
    const isPlain = process.env['NSGFLOW_LONG'] !== '1' && /^nsgflow [^$`|&;<>]*$/.test(withoutQuoted(command));
    const { out, code } = isPlain
      ? await nsgflowHere(wordsOf(command, cwd), { cwd, env, columns: 100, joined: true })
      : shell(command, cwd, { ...environment, ...env });
    outputs.push(`${out}${code === 0 ? '' : `(exit code ${code})\n`}`);
  }
  return outputs;
}

/** The command without its quoted parts that a shell takes literally. */
function withoutQuoted(command: string): string {
  return command.replaceAll(/'[^']*'|"[^"$`\\]*"/g, '');
}

/** The arguments, as a shell splits them. */
function wordsOf(command: string, cwd: string): string[] {
  const split = command.replace(/^nsgflow/, String.raw`printf '%s\0'`);
  return spawnSync('bash', ['-c', split], { cwd, encoding: 'utf8' }).stdout.split('\0').slice(0, -1);
}

function shell(command: string, cwd: string, env: NodeJS.ProcessEnv): { out: string; code: number | null } {
  const terminal = join(import.meta.dirname, 'as-terminal.mjs');
  const script = `exec 2>&1\nnsgflow() { '${process.execPath}' --import '${terminal}' '${binary}' "$@"; }\n${command}\n`;
  const { stdout, status } = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8', env });
  return { out: stdout, code: status };
}

/** A page with the outputs of its commands in place of those that it has. */
async function withOutputs(
  page: string,
  outputsOf: (commands: readonly string[]) => Promise<readonly string[]>,
): Promise<string> {
  const block = /(?<=^```console\n)[\s\S]*?(?=^```$)/gm;
  const commands = [...page.matchAll(block)].flatMap(([body]) => commandsOf(body));
  const outputs = await outputsOf(commands.map((lines) => lines.replace(/^\$ /, '')));
  let at = 0;
  return page.replaceAll(block, (body) =>
    commandsOf(body)
      .map((command) => {
        const output = outputs[at++].replaceAll(/[ \t]+$/gm, '').trimEnd();
        return `${command}\n${output === '' ? '' : `${output}\n`}`;
      })
      .join(''),
  );
}

/** Lines from `$ ` on, with those that a `\` at the end continues. */
function commandsOf(body: string): string[] {
  return [...body.matchAll(/^\$ .*(?:(?<=\\)\n.*)*/gm)].map(([command]) => command);
}

/** Anchors as GitHub makes them of headings. */
function anchorsOf(page: string): Set<string> {
  return new Set(
    [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
