import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findConfiguration, readConfiguration } from '../../src/cli/options/configuration.ts';
import { commandsBelow, configure, problemsOf } from '../../src/cli/options/configure.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { Ran } from './nsgflow.ts';
import { nsgflow } from './nsgflow.ts';

let folder: string;
let path: string;
const root = join(import.meta.dirname, '../..');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-config-'));
  path = join(folder, 'nsgflow.yaml');
  const network = ['--network', join(root, 'examples/network.json')];
  const capture = join(root, 'examples/traffic.pcap');
  expect((await nsgflow(['record', '--capture', capture, ...network, '--to', join(folder, 'logs')])).code).toBe(0);
  expect((await nsgflow(['ingest', join(folder, 'logs'), '--lake', join(folder, 'lake')])).code).toBe(0);
});
beforeEach(() => rm(path, { force: true }));
afterAll(() => rm(folder, { recursive: true }));

/** In the folder of the file, without variables of the machine. */
function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return nsgflow(args, { cwd: folder, env: { NSGFLOW_LAKE: '', NSGFLOW_CONFIG: '', ...env } });
}

async function write(text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o600);
}

/** What the options of a command are after the file and the words. */
async function optionsOf(name: string, text: string, words: readonly string[] = []): Promise<Record<string, unknown>> {
  await write(text);
  const commands = commandsBelow(await createProgram(() => true));
  const command = commands.get(name)!;
  const found = await readConfiguration(path);
  const [problem] = problemsOf(found, commands, name);
  if (problem !== undefined) throw new Error(problem);
  configure(command, name, found);
  command.exitOverride().parseOptions([...words]);
  return command.opts();
}

describe('flag, environment, file, default: the first one that says something', () => {
  const count = ['count', '-o', 'csv'];

  test('of the lake of a question', async () => {
    expect((await run(count)).code).toBe(2);
    await write('lake: ./lake\n');
    const answer = await run(count);
    expect([answer.code, answer.err]).toEqual([0, expect.not.stringContaining('note')]);
    expect((await run(count, { NSGFLOW_LAKE: 'nowhere' })).code).toBe(3);
    expect(await run([...count, '--lake', 'lake'], { NSGFLOW_LAKE: 'nowhere' })).toEqual(answer);
    await rm(path);
    expect(await run(count, { NSGFLOW_LAKE: 'lake' })).toEqual(answer);
  });

  test.each([
    ['ingest', 'logs'],
    ['ingest', 'status'],
    ['ingest', 'gaps'],
    ['ingest', 'rejects'],
    ['lake', 'stats'],
    ['lake', 'settle'],
  ])('NSGFLOW_LAKE holds for %s %s, and a flag before it', async (...args) => {
    const [byFlag, byEnvironment] = [
      await run([...args, '--lake', 'lake'], { NSGFLOW_LAKE: 'nowhere' }),
      await run(args, { NSGFLOW_LAKE: 'lake' }),
    ];
    expect([byFlag.code, byEnvironment.code]).toEqual([0, 0]);
    const lag = /"lag_seconds":\d+/g;
    expect(byEnvironment.out.replaceAll(lag, '')).toBe(byFlag.out.replaceAll(lag, ''));
  });

  test('-i of the command line wins over a lake that it did not name; both flags are one too many', async () => {
    await write('lake: ./nowhere\n');
    expect((await run([...count, '-i', 'logs'])).code).toBe(0);
    expect((await run([...count, '-i', 'logs'], { NSGFLOW_LAKE: 'nowhere' })).code).toBe(0);
    const both = await run([...count, '-i', 'logs', '--lake', 'lake']);
    expect([both.code, both.err]).toEqual([2, expect.stringContaining('one too many')]);
  });

  test('of flags below the name of a command', async () => {
    const text = 'output: csv\nrecord: { format: [vnet, nsg2], to: ./x }\ntop:\n  output: json\n  limit: 3\n';
    expect(await optionsOf('record', text)).toMatchObject({ format: ['vnet', 'nsg2'], to: './x' });
    expect(await optionsOf('record', text, ['--format', 'nsg1'])).toMatchObject({ format: ['nsg1'] });
    expect(await optionsOf('record', text, ['--format', 'nsg1', '--format', 'nsg2'])).toMatchObject({
      format: ['nsg1', 'nsg2'],
    });
    expect(await optionsOf('top', text)).toMatchObject({ output: 'json', limit: '3' });
    expect(await optionsOf('top', text, ['-o', 'md'])).toMatchObject({ output: 'md' });
    expect(await optionsOf('flows', text)).toMatchObject({ output: 'csv' });
  });

  test('of what a command requires', async () => {
    await write('record: { to: out }\n');
    const network = ['--network', join(root, 'examples/network.json')];
    const ran = await run(['record', '--capture', join(root, 'examples/traffic.pcap'), ...network]);
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('to out')]);
  });
});

describe('the file of serve', () => {
  test('has its flags below "serve", and accounts', async () => {
    const text = `serve:
  listen: 127.0.0.1:9443
  network: [a.json, b.json]
  format: nsg2
  shift: now
  loop: true
  snap-length: 96
  no-request-log: true
  ingest: false
  accounts:
    one: /mnt/copies
    two: { storage: https://two.blob.core.windows.net, connection-string-variable: TWO }
`;
    expect(await optionsOf('serve', text, ['--listen', '127.0.0.1:1'])).toMatchObject({
      listen: '127.0.0.1:1',
      network: ['a.json', 'b.json'],
      format: ['nsg2'],
      shift: 'now',
      loop: true,
      snapLength: '96',
      requestLog: false,
      ingest: false,
      accounts: [
        { name: 'one', storage: '/mnt/copies', connectionStringVariable: undefined },
        { name: 'two', storage: 'https://two.blob.core.windows.net', connectionStringVariable: 'TWO' },
      ],
    });
  });

  test('may be empty', async () => {
    expect(await optionsOf('serve', '# nothing yet\n')).toMatchObject({ listen: '127.0.0.1:8443' });
  });

  test.each([
    ['listen: 127.0.0.1:1', ':1: "listen" is neither a command'],
    ['top: [1, 2]', ':1: top holds flags of nsgflow top'],
    [
      'serve:\n  accounts:\n    a: &a [x, x, x, x, x]\n    b: &b [*a, *a, *a, *a, *a, *a]\n    c: &c [*b, *b, *b, *b, *b]\n    d: [*c, *c, *c]\n',
      ':2: accounts has too many aliases',
    ],
    ['serve: { host-name: [*nowhere] }', ':1: '],
    ['listen: 127.0.0.1:1', 'flags of serve stand below "serve:"'],
    ['serve: { env: true }', 'is not a flag'],
    ['- a', 'keys and values'],
    ['serve: { loop: 1 }', 'true or false'],
    ['serve:\n  # a\n  listen: [a, b]', ':3: listen takes one value'],
    ['serve: { listen: { a: b } }', 'a text or a number'],
    ['serve: { auth: some }', 'one of strict, any'],
    ['serve: { accounts: [a] }', 'names of storage accounts'],
    ['serve: { accounts: { a: { storage: x, key: secret } } }', 'is a folder or URL'],
    ['a: [', 'nsgflow.yaml:1'],
  ])('is refused with a sentence: %s', async (text, sentence) => {
    await expect(optionsOf('serve', text)).rejects.toThrow(sentence);
  });
});

describe('which file', () => {
  test('--config, anywhere in the line, wins over NSGFLOW_CONFIG, which wins over ./nsgflow.yaml', async () => {
    await write('top: { limit: nonsense }\n');
    const other = join(folder, 'other.yaml');
    await writeFile(other, 'lake: ./lake\noutput: csv\n');
    for (const [args, env] of [
      [['--config', other, 'count'], {}],
      [['count', `--config=${other}`], { NSGFLOW_CONFIG: 'missing.yaml' }],
      [['count'], { NSGFLOW_CONFIG: other }],
    ] as const)
      expect((await run(args, env)).out).toMatch(/^tuples,/);
    expect((await run(['count', '--lake', 'lake'], { NSGFLOW_CONFIG: 'missing.yaml' })).code).toBe(3);
    expect((await run(['count', '--config'])).code).toBe(2);
  });

  test('./nsgflow.yaml that others can write is not read, and that is said', async () => {
    await write('lake: ./lake\n');
    await chmod(path, 0o666);
    const ran = await run(['count']);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('nsgflow.yaml is not read')]);
    expect((await run(['count', '--config', 'nsgflow.yaml'])).code).toBe(0);
    expect(await findConfiguration(undefined)).toBeUndefined();
  });

  test('help needs no file', async () => {
    await write('a: [\n');
    expect((await run(['count', '--help'])).code).toBe(0);
    expect((await run(['help', 'count'])).code).toBe(0);
    expect((await run(['count'])).err).toContain('nsgflow.yaml:2');
  });
});

test('tables show times in the time zone of the file or of the flag; other formats stay as they are', async () => {
  await write('lake: ./lake\ntimezone: Asia/Kolkata\n');
  const first = ['query', '--sql', 'select min(time) as time from tuples'];
  const [table, flag, csv] = [
    await run([...first, '-o', 'table']),
    await run([...first, '-o', 'table', '--timezone', 'America/New_York']),
    await run([...first, '-o', 'csv']),
  ];
  const utc = csv.out.split('\n')[1];
  expect(utc).toMatch(/^2026-11-20T\d\d:\d\d:\d\d\.000Z$/);
  const local = (zone: string): string => new Date(utc).toLocaleString('sv-SE', { timeZone: zone });
  expect(table.out.trimEnd()).toContain(local('Asia/Kolkata'));
  expect(flag.out.trimEnd()).toContain(local('America/New_York'));
  const wrong = await run([...first, '--timezone', 'Mars/Base']);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('Mars/Base')]);
});

describe('nsgflow config', () => {
  test('check names line, key and the nearest valid name of every error', async () => {
    await write('lake: ./lake\noutptu: csv\nrecord:\n  formt: vnet\nflws: { limit: 3 }\ntop:\n  limit: [1, 2]\n');
    const { code, err } = await run(['config', 'check']);
    expect(code).toBe(2);
    expect(err.split('\n').slice(0, 5)).toEqual([
      'nsgflow.yaml:2: "outptu" is neither a command nor one of lake, data, output, timezone, geo, tags, inventory, threats, names, application; did you mean "output"?',
      'nsgflow.yaml:4: "formt" is not a flag of nsgflow record; did you mean "format"?',
      'nsgflow.yaml:5: "flws" is neither a command nor one of lake, data, output, timezone, geo, tags, inventory, threats, names, application; did you mean "flows"?',
      'nsgflow.yaml:7: limit takes one value',
      'nsgflow: nsgflow.yaml has 4 errors',
    ]);
    expect((await run(['flows', '--lake', 'lake'])).err).toContain('nsgflow.yaml:2');
    await write('lake: ./lake\nnsg show: { output: json }\n');
    expect(await run(['config', 'check'])).toEqual({ code: 0, err: '', out: 'nsgflow.yaml: 2 settings, all known\n' });
  });

  test('show --effective says where each value comes from', async () => {
    await write('lake: ./lake\noutput: csv\ntop:\n  limit: 7\n');
    expect((await run(['config', 'show'])).out).not.toContain('default');
    const rows = async (args: readonly string[], env?: Record<string, string>): Promise<string[]> =>
      (await run(['config', 'show', ...args, '-o', 'csv'], env)).out.split('\n');
    expect(await rows(['--effective'])).toEqual(
      expect.arrayContaining([',lake,./lake,nsgflow.yaml:1', ',data,,default', ',output,csv,nsgflow.yaml:2']),
    );
    expect(await rows(['--effective'], { NSGFLOW_LAKE: '/x' })).toContain(',lake,/x,NSGFLOW_LAKE');
    const top = await rows(['--effective', 'top'], { NSGFLOW_LAKE: '/x' });
    expect(top).toEqual(
      expect.arrayContaining(['top,lake,/x,NSGFLOW_LAKE', 'top,limit,7,nsgflow.yaml:4', 'top,header,true,default']),
    );
    expect((await run(['config', 'show', '--effective', 'nope'])).code).toBe(2);
  });
});
