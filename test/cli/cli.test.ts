import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isLong } from '../base/long.ts';
import { main, nsgflow } from './nsgflow.ts';

const examples = join(import.meta.dirname, '..', '..', 'examples');
const capture = join(examples, 'traffic.pcap');
const network = join(examples, 'network.json');
const folder = mkdtempSync(join(tmpdir(), 'nsgflow-cli-'));
const logs = join(folder, 'logs');
const lake = join(folder, 'lake');

beforeAll(async () => {
  const recorded = await nsgflow([
    'record',
    '--capture',
    capture,
    '--network',
    network,
    '--to',
    logs,
    '--stats',
    'json',
  ]);
  expect([recorded.code, recorded.err]).toEqual([0, '']);
  const ingested = await nsgflow(['ingest', logs, '--lake', lake, '--stats', 'json']);
  expect([ingested.code, ingested.err]).toEqual([0, '']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('record and ingest', () => {
  test('--stats json prints one object, and a second run writes nothing', async () => {
    const args = ['record', '--capture', capture, '--network', network, '--to', logs, '--stats', 'json'];
    const { code, out } = await nsgflow(args);
    const stats = JSON.parse(out) as Record<string, never>;
    expect(code).toBe(0);
    expect(Object.keys(stats)).toEqual(
      expect.arrayContaining(['packets', 'bytes', 'flows', 'tuples', 'blobs', 'written', 'seconds']),
    );
    expect(stats['written']).toBe(0);
    expect(stats['tuples']).toBeGreaterThan(1000);
    const again = await nsgflow(['ingest', logs, '--lake', lake, '--stats', 'json']);
    expect(JSON.parse(again.out)).toMatchObject({ records: 0, tuples: 0, rejected: 0, bytes: 0 });
  });

  test('a capture from standard input gives the same tuples', async () => {
    const to = join(folder, 'stdin');
    const args = ['record', '--capture', '-', '--network', network, '--to', to, '--stats', 'json'];
    const { code, out } = await nsgflow(args, { input: readFileSync(capture) });
    expect(code).toBe(0);
    const file = await nsgflow(['record', '--capture', capture, '--network', network, '--to', logs, '--stats', 'json']);
    expect((JSON.parse(out) as { tuples: number }).tuples).toBe((JSON.parse(file.out) as { tuples: number }).tuples);
  });

  test('a pipe that is stopped with Ctrl-C is recorded as far as it came: every flow ends, nothing is lost', async () => {
    const args = ['record', '--capture', '-', '--network', network, '--to', join(folder, 'stopped'), '--stats', 'json'];
    const child = spawn(process.execPath, [main, ...args]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    // More than a pipe holds: when all is written, it is being read.
    await new Promise((resolve) => child.stdin.write(readFileSync(capture), resolve));
    child.kill('SIGINT');
    expect(await ended, err).toBe(0);
    expect(err).toContain('stopping');
    const file = await nsgflow(['record', '--capture', capture, '--network', network, '--to', logs, '--stats', 'json']);
    const read = (text: string): unknown => (({ tuples, packets }) => ({ tuples, packets }))(JSON.parse(text) as never);
    expect(read(out)).toEqual(read(file.out));
  });

  test('without a network, all belongs to one NIC, whose MAC and near side can be said', async () => {
    const to = join(folder, 'alone');
    const args = ['record', '--capture', capture, '--to', to, '--mac', '00:22:48:00:00:01', '--local', '10.20.0.0/16'];
    const { code, out } = await nsgflow([...args, '--format', 'nsg1', '--format', 'vnet', '--stats', 'json']);
    const stats = JSON.parse(out) as { blobs: number; flows: { denied: number } };
    expect([code, stats.flows.denied]).toEqual([0, 0]);
    const blobs = readdirSync(to, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('PT1H.json'));
    expect(blobs.length).toBe(stats.blobs);
    expect(blobs.every((name) => name.includes('macAddress=002248000001'))).toBe(true);
  });
});

describe('every output format', () => {
  const questions: string[][] = [
    ['flows', 'dst.port', '=', '22', '--limit', '5'],
    ['flows', '--tuples', '--limit', '5'],
    ['top', '--by', 'dst.port', '--metric', 'flows', '--limit', '5'],
    ['count', 'access = deny'],
    ['query', '--sql', 'select time, src_ip, dst_port, bytes_forward from flows order by all limit 5'],
  ];

  test.each(isLong ? questions : questions.filter((_, i) => i % 2 === 0))('%s %s …', async (...question) => {
    const ask = async (format: string): Promise<string> => {
      const { code, out, err } = await nsgflow([...question, '--lake', lake, '-o', format]);
      expect([format, code, format === 'table' ? '' : err]).toEqual([format, 0, '']);
      return out;
    };
    const json = JSON.parse(await ask('json')) as Record<string, unknown> | Record<string, unknown>[];
    const rows = Array.isArray(json) ? json : [json];
    expect(rows.length).toBeGreaterThan(0);
    const keys = Object.keys(rows[0]);
    const jsonl = (await ask('jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(jsonl).toEqual(rows);
    const yaml = parse(await ask('yaml')) as unknown;
    expect(Array.isArray(yaml) ? yaml : [yaml]).toEqual(rows);
    const csv = (await ask('csv')).trim().split('\n');
    expect([csv[0], csv.length]).toEqual([keys.join(','), rows.length + 1]);
    const tsv = (await ask('tsv')).trim().split('\n');
    expect([tsv[0], tsv.length]).toEqual([keys.join('\t'), rows.length + 1]);
    // Tables for people join address and port, and add up both directions.
    const heads =
      question[0] !== 'flows'
        ? keys
        : [
            'time',
            'access',
            'source',
            'destination',
            'protocol',
            'rule',
            'bytes',
            'state',
            'direction',
            'nsg',
            ...['mac', 'encryption', 'last_time', 'continued', 'tuples', 'observers'].filter((name) =>
              keys.includes(name),
            ),
          ];
    const md = (await ask('md')).trim().split('\n');
    expect([md[0], md.length]).toEqual([`| ${heads.join(' | ')} |`, rows.length + 2]);
    const table = (await ask('table')).trim().split('\n');
    expect([table[0].split(/ {2,}/), table.length]).toEqual([heads.map((key) => key.toUpperCase()), rows.length + 1]);
    expect((await ask('parquet')).startsWith('PAR1')).toBe(true);
  });

  test('the lake and the logs themselves give the same answer', async () => {
    const ask = ['top', 'access', '=', 'allow', '--by', 'src.ip,rule', '--metric', 'bytes', '-o', 'json'];
    const [fromLake, fromLogs] = await Promise.all([nsgflow([...ask, '--lake', lake]), nsgflow([...ask, '-i', logs])]);
    expect(fromLogs.out).toBe(fromLake.out);
  });

  test('logs are read from standard input too', async () => {
    const blob = readdirSync(logs, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('PT1H.json'))!;
    const path = join(logs, blob);
    const [piped, named] = await Promise.all([
      nsgflow(['count', '-i', '-'], { input: readFileSync(path) }),
      nsgflow(['count', '-i', path]),
    ]);
    expect([piped.code, piped.out]).toEqual([0, named.out]);
  });
});

describe('nsg', () => {
  test('show lists rules in the order in which they are tried', async () => {
    const { code, out } = await nsgflow(['nsg', 'show', '--network', network, 'nsg-web', '-o', 'csv']);
    const lines = out.trim().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toContain('priority');
    expect(lines.at(-1)).toContain('DenyAllOutBound');
  });

  test('eval says which rule decides and why the others did not, with 0 for allow and deny alike', async () => {
    const common = ['nsg', 'eval', '--network', network, '--nic', 'nic-web-1', '--protocol', 'tcp', '-o', 'json'];
    const denied = await nsgflow([
      ...common,
      '--direction',
      'inbound',
      '--src',
      '203.0.113.9',
      '--dst',
      '10.20.1.4:22',
    ]);
    const allowed = await nsgflow([
      ...common,
      '--direction',
      'inbound',
      '--src',
      '203.0.113.9:5000',
      '--dst',
      '10.20.1.4:80',
    ]);
    expect([denied.code, allowed.code]).toEqual([0, 0]);
    expect(JSON.parse(denied.out)).toMatchObject({ access: 'deny', rule: 'DenySshFromInternet' });
    const { access, rule, trace } = JSON.parse(allowed.out) as {
      access: string;
      rule: string;
      trace: { verdict: string }[];
    };
    expect([access, rule, trace.at(-1)?.verdict]).toEqual(['allow', 'AllowHttp', 'matches']);
  });
});

describe('convert', () => {
  test('says what is lost, and with --strict exits with 1', async () => {
    const to = join(folder, 'nsg1');
    const args = ['convert', logs, '--to', to, '--format', 'nsg1', '--report', 'json'];
    const plain = await nsgflow(args);
    expect(plain.code).toBe(0);
    const report = JSON.parse(plain.out) as {
      lost: Record<string, number>;
      tuples: { read: number; converted: number };
    };
    expect(report.lost['tuple: continuing or end']).toBe(report.tuples.read - report.tuples.converted);
    expect((await nsgflow([...args, '--strict'])).code).toBe(1);
  });

  test('to the same format and back through VNet loses no tuple and no counter', async () => {
    const vnet = join(folder, 'vnet');
    const back = join(folder, 'back');
    await nsgflow(['convert', logs, '--to', vnet, '--format', 'vnet']);
    await nsgflow(['convert', vnet, '--to', back, '--format', 'nsg2']);
    const ask = [
      'top',
      '--observations',
      '--by',
      'src.ip,dst.ip,dst.port,access,rule',
      '--metric',
      'bytes',
      '--limit',
      '100000',
      '-o',
      'csv',
    ];
    const [first, last] = await Promise.all([nsgflow([...ask, '-i', logs]), nsgflow([...ask, '-i', back])]);
    expect(first.out.split('\n').length).toBeGreaterThan(100);
    expect(last.out).toBe(first.out);
  });
});

describe('what goes wrong is one sentence, a hint and an exit code', () => {
  const notCapture = join(folder, 'not-a-capture.txt');
  const noNics = join(folder, 'no-nics.json');
  const badRule = join(folder, 'bad-rule.json');
  const badLog = join(folder, 'bad.json');

  beforeAll(() => {
    writeFileSync(notCapture, 'hello, this is no capture');
    const nsg = (rules: unknown[]): string =>
      JSON.stringify({
        id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n',
        name: 'n',
        type: 'Microsoft.Network/networkSecurityGroups',
        location: 'x',
        properties: { securityRules: rules },
      });
    writeFileSync(noNics, nsg([]));
    const rule = {
      protocol: 'Tcp',
      sourcePortRange: '*',
      destinationPortRange: '22',
      sourceAddressPrefix: '*',
      destinationAddressPrefix: '*',
      access: 'Allow',
      priority: 99,
      direction: 'Inbound',
    };
    writeFileSync(badRule, nsg([{ name: 'TooEarly', properties: rule }]));
    writeFileSync(
      badLog,
      '{"records":[{"time":"2024-01-01T00:00:00Z","category":"NetworkSecurityGroupFlowEvent","properties":{"Version":2,"flows":[{"rule":"r","flows":[{"mac":"000D3AF87856","flowTuples":["1,2,3"]}]}]}}]}',
    );
  });

  const to = join(folder, 'nothing');
  test.each<[string, string[], number, RegExp]>([
    ['a missing capture', ['record', '--capture', 'absent.pcap', '--to', to], 3, /absent\.pcap.*no such file/],
    ['no capture', ['record', '--capture', notCapture, '--to', to], 6, /not-a-capture\.txt is not a capture/],
    ['a missing network', ['record', '--capture', capture, '--network', 'absent.json', '--to', to], 3, /absent\.json/],
    ['a network without NICs', ['record', '--capture', capture, '--network', noNics, '--to', to], 2, /no NIC/],
    ['an invalid rule', ['nsg', 'show', '--network', badRule], 2, /TooEarly.*99/s],
    ['no --to', ['record', '--capture', capture], 2, /--to/],
    ['an unknown format', ['record', '--capture', capture, '--to', to, '--format', 'nsg3'], 2, /nsg3/],
    ['an unknown command', ['recrod'], 2, /recrod/],
    ['an unknown option', ['count', '--lak', lake], 2, /--lak/],
    ['an unknown output format', ['count', '--lake', lake, '-o', 'xml'], 2, /xml/],
    ['a missing lake', ['count', '--lake', join(folder, 'absent')], 3, /absent/],
    ['neither lake nor logs', ['count'], 2, /--lake/],
    ['a filter that cannot be read', ['flows', 'dst.prot = 22', '--lake', lake], 2, /dst\.port/],
    ['a time that is none', ['flows', '--from', 'yesteryear', '--lake', lake], 2, /yesteryear/],
    ['SQL that writes', ['query', '--sql', "copy flows to 'x'", '--lake', lake], 2, /COPY/],
    ['a missing NSG', ['nsg', 'show', '--network', network, 'nsg-nowhere'], 3, /nsg-nowhere/],
    ['logs that are none', ['count', '-i', notCapture], 6, /is not a flow log/],
    [
      'too many rejections',
      ['ingest', badLog, '--lake', join(folder, 'bad-lake'), '--max-rejected', '0'],
      6,
      /rejected/,
    ],
    [
      'an account without credentials',
      ['ingest', 'http://127.0.0.1:1/devstoreaccount1', '--lake', join(folder, 'l2')],
      4,
      /credential|AZURE_STORAGE/i,
    ],
  ])('%s', async (_, args, code, sentence) => {
    const ran = await nsgflow(args);
    expect([ran.code, ran.out]).toEqual([code, '']);
    expect(ran.err).toMatch(/^nsgflow: /);
    expect(ran.err).toMatch(sentence);
    expect(ran.err).not.toMatch(/\bat .*\.js:\d+/);
    expect(readdirSync(folder)).not.toContain('nothing');
  });

  test('an account that cannot be reached is unavailable, within seconds', async () => {
    const key = Buffer.from('no key').toString('base64');
    const env = {
      AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=http://127.0.0.1:1/devstoreaccount1;`,
    };
    const ran = await nsgflow(['record', '--capture', capture, '--to', 'http://127.0.0.1:1/devstoreaccount1'], { env });
    expect(ran.code).toBe(5);
    expect(ran.err).not.toContain(key);
  });

  test('--debug shows the stack', async () => {
    const ran = await nsgflow(['count', '--lake', join(folder, 'absent'), '--debug']);
    expect(ran.err).toMatch(/\bat .*\.js:\d+/);
  });
});

describe('nothing comes twice and nothing is mixed', () => {
  test('recording an input again with other rules into the same blobs is refused', async () => {
    const to = join(folder, 'rules');
    const other = join(folder, 'other-rules.json');
    writeFileSync(other, readFileSync(network, 'utf8').replaceAll('"AllowHttp"', '"AllowHttpRenamed"'));
    const args = (file: string): string[] => ['record', '--capture', capture, '--network', file, '--to', to];
    expect((await nsgflow(args(network))).code).toBe(0);
    const again = await nsgflow(args(other));
    expect([again.code, again.err]).toEqual([5, expect.stringContaining('another recording of this input')]);
  });

  test('a source named twice is read once', async () => {
    const [once, twice] = await Promise.all([
      nsgflow(['count', '-i', logs]),
      nsgflow(['count', '-i', logs, '-i', logs]),
    ]);
    expect(twice.out).toBe(once.out);
  });

  test('a source that grew is converted on, and one converted into itself is refused', async () => {
    const lines = (n: number): string =>
      Array.from(
        { length: n },
        (_, i) =>
          `{"time":"2024-01-01T00:0${i}:00.0000000Z","category":"NetworkSecurityGroupFlowEvent","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N","operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[{"rule":"UserRule_r","flows":[{"mac":"000D3AF87856","flowTuples":["170406720${i},10.0.0.4,10.0.0.5,5000,443,T,O,A,B,,,,"]}]}]}}`,
      ).join('\n');
    const source = join(folder, 'growing.json');
    const to = join(folder, 'grown');
    for (const records of [2, 5]) {
      writeFileSync(source, lines(records));
      expect((await nsgflow(['convert', source, '--to', to, '--format', 'vnet'])).code).toBe(0);
    }
    expect((JSON.parse((await nsgflow(['count', '-i', to])).out) as { tuples: number }).tuples).toBe(5);
    expect((await nsgflow(['convert', to, '--to', to, '--format', 'vnet'])).code).toBe(2);
  });

  test('a refused source leaves no lake behind', async () => {
    const lake2 = join(folder, 'no-lake');
    expect((await nsgflow(['ingest', network, '--lake', lake2])).code).toBe(6);
    expect(readdirSync(folder)).not.toContain('no-lake');
  });

  test.skipIf(process.platform !== 'linux')('a full stdout is one sentence and 5', async () => {
    const { execFile } = await import('node:child_process');
    const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'nsgflow.cjs');
    const code = await new Promise<unknown>((resolve) => {
      execFile(
        'sh',
        ['-c', '"$0" "$1" flows --tuples --lake "$2" > /dev/full', process.execPath, main, lake],
        (error) => resolve(error?.code),
      );
    });
    expect(code).toBe(5);
  });

  test('help shows the options of a command', async () => {
    expect((await nsgflow(['help', 'record'])).out).toContain('--capture');
  });
});
