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
import { nsgflow } from './nsgflow.ts';

/** The folder that the examples are written for, and a service for those that ask one. */
let folder: string;
let serving: Serving;
let plane: Awaited<ReturnType<typeof openPlane>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-examples-'));
  for (const name of ['traffic.pcap', 'network.json'])
    await copyFile(join(import.meta.dirname, '../../examples', name), join(folder, name));
  await writeFile(join(folder, 'question.sql'), 'select 1 as one');
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

/** Commands whose answer can be that something is wrong. */
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

/** Their help shows a story in two shells, or they need a blob or file of the user. */
const without = ['serve', 'blob blocks', 'blob show', 'config check'];

test('the help of every command has an example', () => {
  const names = commands.map(({ name }) => name);
  expect(names.filter((name) => !without.includes(name) && !lines.some(([of]) => of === name))).toEqual([]);
});

test.each(lines)('%s: nsgflow %s', async (name, line) => {
  expect(line.startsWith(name)).toBe(true);
  const env = { NSGFLOW_SERVER: serving.origin, NSGFLOW_LAKE: '' };
  const [command] = line.split(' < ');
  // A question comes from standard input where the line has none.
  const asks = name === 'query' && !/ (?:-f|"|')/.test(command) ? { input: 'select count(*) from flows' } : {};
  const { code, err } = await nsgflow(wordsOf(command), { cwd: folder, env, ...asks });
  expect(judges.includes(name) ? [0, 1] : [0], err).toContain(code);
});

test('top without --by adds up by source address', async () => {
  const ask = (...by: string[]) =>
    nsgflow(['top', ...by, '--lake', 'lake', '-o', 'csv'], { cwd: folder, env: { NSGFLOW_LAKE: '' } });
  expect(await ask()).toEqual(await ask('--by', 'src.ip'));
});
