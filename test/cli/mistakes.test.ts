import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nsgflow } from './nsgflow.ts';

let folder: string;
const capture = join(import.meta.dirname, '../../examples/traffic.pcap');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-mistakes-'));
  await mkdir(join(folder, 'empty'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What is said about a mistake, on the first line. */
async function said(...args: string[]): Promise<[number | null, string]> {
  const { code, err } = await nsgflow(args, { cwd: folder, env: { NSGFLOW_LAKE: '' } });
  return [code, err.split('\n')[0].replace('nsgflow: ', '')];
}

test.each([
  [['top', '--hlep'], "unknown option '--hlep'; did you mean --help?"],
  [['flows', '-Z'], "unknown option '-Z'"],
  [['flows', '--since', 'tomorrow', '-i', 'empty'], '--since "tomorrow" is not a time'],
  [['count', '--until', 'never', '-i', 'empty'], '--until "never" is not a time'],
  [['count', '--timeout', '25d', '-i', 'empty'], '--timeout is at most 24d, not "25d"'],
  [['tail', '--interval', '99999999d', '--lake', 'empty'], '--interval is at most 24d, not "99999999d"'],
  [['flow-log', 'create', '--hlep'], "unknown option '--hlep'; did you mean --help?"],
  [['flow-log', 'create', '-l', 'x', '--nmae', 'y'], "unknown option '--nmae'; did you mean --name?"],
  [['top', '--by', 'src.ip', '--by', 'rule', '--lake', 'x'], "option '--by <fields>' is given twice"],
  [['help', 'nope', 'x'], 'there is no command "nope"; did you mean "top"?'],
  [['help', 'nsg', 'evl'], 'there is no command "nsg evl"; did you mean "nsg eval"?'],
  [['nsg', 'help', 'evl'], 'there is no command "nsg evl"; did you mean "nsg eval"?'],
  [['nsg', 'evl'], 'there is no command "nsg evl"; did you mean "nsg eval"?'],
  [['enrich', 'tags', 'foo'], 'there is no command "enrich tags foo"'],
  [['tpo'], 'there is no command "tpo"; did you mean "top"?'],
  [['top', '--by'], "option '--by <fields>' has no value"],
  [['flows', '--lake='], "option '--lake <dir>' has no value"],
  [['flows', '--lake', '--limit', '3'], "option '--lake <dir>' has no value: '--limit' came right behind it"],
  [['timeline'], 'timeline takes two hosts'],
  [['timeline', '10.0.0.1:443'], 'timeline takes two hosts, and 10.0.0.1 is the only one'],
  [['completion'], 'completion needs <shell>: bash, zsh, fish'],
  [['completion', 'bash', 'zsh'], 'completion takes only <shell>: "zsh" is too many'],
  [['config', 'check', 'a', 'b', 'c'], 'config check takes only [file]: "b", "c" are too many'],
  [['doctor', 'x'], 'doctor takes no arguments: "x" is too many'],
  [['lake', 'stats'], 'lake stats needs --lake <dir>: folder of the lake'],
  [['convert', 'x'], 'convert needs 2 more options'],
  [['record', '--to', 'x', '--stats', 'yaml'], '--stats takes json, not "yaml"'],
  [
    ['nsg', 'eval', '--nic', 'a', '--direction', 'inn'],
    '--direction takes inbound, outbound, in or out, not "inn"; did you mean in?',
  ],
  [['nsg', 'show', '--network', capture], `${capture} is a packet capture, not a network`],
  [['flows', '-i', 'empty', '--lake', 'x'], '-i and --lake are one too many: a question asks a lake or flow logs'],
])('%j is named as the mistake that it is', async (args, sentence) => {
  expect(await said(...args)).toEqual([2, sentence]);
});

test('what is missing is described, and a next step is named', async () => {
  const env = { cwd: folder, env: { NSGFLOW_LAKE: '' } };
  expect((await nsgflow(['timeline', '10.0.0.1'], env)).err).toContain('nsgflow flows host 10.0.0.1.');
  expect((await nsgflow(['lake', 'stats'], env)).err).toContain('NSGFLOW_LAKE');
  expect((await nsgflow(['nsg', 'evl'], env)).err).toContain('nsgflow nsg has show, eval.');
  expect((await nsgflow(['top', '--by'], env)).err).toContain('--by: fields to group by');
  expect((await nsgflow(['convert', 'x'], env)).err).toMatch(
    /\n {2}--format <format>: nsg1.*\n {2}--to <storage>: a folder/,
  );
});

test('an unknown short flag is named, not the letters that it is made of', async () => {
  expect((await said('top', '-by', 'x'))[1]).toContain("'-by'");
});

test('help of a command is the help of that command, however it is asked for', async () => {
  const own = await nsgflow(['nsg', 'eval', '--help']);
  expect(own.out).toContain('Usage: nsgflow nsg eval');
  expect((await nsgflow(['help', 'nsg', 'eval'])).out).toBe(own.out);
  expect((await nsgflow(['nsg', 'help', 'eval'])).out).toBe(own.out);
});

test('a folder without flow logs is said to be one, and makes no lake', async () => {
  expect(await said('ingest', 'empty', '--lake', 'new')).toEqual([3, 'no flow log blobs in empty, so no lake is made']);
  expect(existsSync(join(folder, 'new'))).toBe(false);
});
