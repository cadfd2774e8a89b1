import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { commandsBelow } from '../../src/cli/options/configure.ts';
import { createProgram } from '../../src/cli/program.ts';
import { buildNetwork, openPlane } from '../control/plane.ts';
import type { Serving } from '../server/serving.ts';
import { serveParts } from '../server/serving.ts';
import { main, nsgflow } from './nsgflow.ts';

/** The folder that the examples are written for, and a service for those that ask one. */
let folder: string;
let serving: Serving;
let plane: Awaited<ReturnType<typeof openPlane>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-examples-'));
  for (const name of ['traffic.pcap', 'network.json'])
    await copyFile(join(import.meta.dirname, '../../examples', name), join(folder, name));
  await writeFile(join(folder, 'question.sql'), 'select 1 as one');
  await writeFile(join(folder, 'workbook.kql'), "Tuples | where ['time'] {TimeRange} | count");
  const storage = { name: 'Storage', properties: { addressPrefixes: ['52.239.216.0/23'] } };
  await writeFile(
    join(folder, 'ServiceTags_Public_20260601.json'),
    JSON.stringify({ changeNumber: 1, cloud: 'Public', values: [storage] }),
  );
  await writeFile(join(folder, 'nsgflow.yaml'), 'lake: ./lake\n');
  plane = await openPlane({ now: Date.now });
  await buildNetwork(plane);
  serving = await serveParts({ handle: (request) => plane.plane.handle(request) });
  await symlink(serving.folder, join(folder, 'nsgflow-data'));
});
afterAll(async () => {
  await serving.close();
  await plane.end();
  await rm(folder, { recursive: true, force: true });
});

/** Words of a line as a shell splits them. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|\S+/g)].map(([word, single, double]) => single ?? double ?? word);
}

/** Commands whose answer can be that something is wrong, or that there is no flow log left. */
const judges = ['doctor', 'flow-log coverage', 'nsg eval'];

/** The lines below "Examples:" in the help of each command. */
const said: string[] = [];
const program = await createProgram(
  () => true,
  (text) => void said.push(text),
);
const lines = [...commandsBelow(program)].flatMap(([name, command]) => {
  said.length = 0;
  command.outputHelp();
  const [, after = ''] = said.join('').split('\nExamples:\n');
  return [...after.matchAll(/^ {2}nsgflow (.+)$/gm)].map(([, line]) => [name, line] as const);
});

test('the help of every command has two to four examples', () => {
  const names = commands.map(({ name }) => name);
  const countOf = (name: string): number => lines.filter(([of]) => of === name).length;
  expect(names.filter((name) => countOf(name) < 2 || countOf(name) > 4)).toEqual([]);
});

/** Runs a service until it says where it is. @returns its exit code after SIGTERM, and what it said */
async function served(words: readonly string[], ...more: readonly string[]): Promise<unknown[]> {
  const own = ['--listen', '127.0.0.1:0', ...more];
  const child = spawn(process.execPath, [main, ...words, ...own], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/listening at|console at/.test(said)) child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return [code, said];
}

test.each(lines)('%s: nsgflow %s', async (name, line) => {
  expect(line.startsWith(name)).toBe(true);
  const env = { NSGFLOW_SERVER: serving.origin, NSGFLOW_LAKE: '', XDG_CONFIG_HOME: folder };
  const [command] = line.split(/ < | +# /);
  if (name === 'serve') {
    expect(await served(wordsOf(command), '--data', 'serve-data')).toEqual([
      0,
      expect.stringContaining('listening at'),
    ]);
    return;
  }
  if (name === 'console') {
    expect(await served(wordsOf(command))).toEqual([0, expect.stringContaining('console at')]);
    return;
  }
  // A question comes from standard input where the line has none.
  const asks = name === 'query' && !/ (?:-f|"|')/.test(command) ? { input: 'select count(*) from flows' } : {};
  const { code, err } = await nsgflow(wordsOf(command), { cwd: folder, env, ...asks });
  expect(judges.includes(name) ? [0, 1, 3] : [0], err).toContain(code);
});

test('top without --by adds up by source address', async () => {
  const ask = (...by: string[]) =>
    nsgflow(['top', ...by, '--lake', 'lake', '-o', 'csv'], { cwd: folder, env: { NSGFLOW_LAKE: '' } });
  expect(await ask()).toEqual(await ask('--by', 'src.ip'));
});
