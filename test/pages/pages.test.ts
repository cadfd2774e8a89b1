import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * Pages for users. In a block ```console, lines that begin with `$` are commands, and what follows is their output on a terminal of 100 columns. Each page runs
 * in a folder of its own, with the folder `examples`; pages of tasks also find `logs` and `lake` of the example. To write the outputs anew:
 * `npx vitest run test/pages -u`.
 */

const root = resolve(import.meta.dirname, '../..');
const binary = join(root, 'dist/cli/nsgflow.cjs');
const pages = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'examples/README.md', ...markdownBelow('docs')];
const work = mkdtempSync(join(tmpdir(), 'nsgflow-pages-'));
const made = join(work, 'made');

beforeAll(() => {
  const example = folder('made');
  shell(example, 'nsgflow record --capture examples/traffic.pcap --network examples/network.json --to logs');
  shell(example, 'nsgflow ingest logs --lake lake');
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('every command of a page prints what the page says', () => {
  test.each(pages.filter((page) => text(page).includes('\n```console\n')))('%s', async (page) => {
    const place = folder(page.replaceAll('/', '-'));
    if (page.startsWith('docs/tasks/'))
      for (const one of ['logs', 'lake']) cpSync(join(made, one), join(place, one), { recursive: true });
    const written = withOutputs(text(page), (commands) => shell(place, ...commands));
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

const mark = '\u0001';

/** Runs commands in one shell. @returns what each printed, on stdout and stderr, and its exit code if that is not 0 */
function shell(cwd: string, ...commands: readonly string[]): string[] {
  const lines = [
    `nsgflow() { '${process.execPath}' --import '${join(import.meta.dirname, 'as-terminal.mjs')}' '${binary}' "$@"; }`,
    ...commands.flatMap((command) => [command, `code=$?; printf '${mark}%s${mark}' $code`]),
  ];
  const { NSGFLOW_LAKE: _, ...environment } = process.env;
  const { stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${lines.join('\n')}\n`], {
    cwd,
    encoding: 'utf8',
    env: { ...environment, NO_COLOR: '1', TZ: 'UTC' },
  });
  const parts = stdout.split(mark);
  return commands.map((_command, i) => {
    const code = parts[2 * i + 1];
    return `${parts[2 * i]}${code === '0' ? '' : `(exit code ${code})\n`}`;
  });
}

/** A page with the outputs of its commands in place of those that it has. */
function withOutputs(page: string, run: (commands: readonly string[]) => readonly string[]): string {
  const block = /(?<=^```console\n)[\s\S]*?(?=^```$)/gm;
  const commands = [...page.matchAll(block)].flatMap(([body]) => commandsOf(body));
  const outputs = run(commands.map((lines) => lines.replace(/^\$ /, '')));
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
