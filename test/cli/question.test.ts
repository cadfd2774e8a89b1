import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nsgflow } from './nsgflow.ts';

const examples = join(import.meta.dirname, '..', '..', 'examples');
const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'nsgflow.cjs');
const folder = mkdtempSync(join(tmpdir(), 'nsgflow-cli-question-'));
const logs = join(folder, 'logs');
const lake = join(folder, 'lake');

type Row = Record<string, string | number | boolean | null>;

beforeAll(async () => {
  const capture = join(examples, 'traffic.pcap');
  const recording = `record --capture ${capture} --network ${join(examples, 'network.json')} --to ${logs} --stats json`;
  const recorded = await nsgflow(recording.split(' '));
  expect([recorded.code, recorded.err]).toEqual([0, '']);
  expect((await nsgflow(['ingest', logs, '--lake', lake, '--stats', 'json'])).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function rowsOf(...question: string[]): Promise<Row[]> {
  const { code, out, err } = await nsgflow([...question, '--lake', lake, '-o', 'json']);
  expect([question, code, err]).toEqual([question, 0, '']);
  const answer = JSON.parse(out) as Row | Row[];
  return Array.isArray(answer) ? answer : [answer];
}

function total(rows: readonly Row[], column: string): number {
  return rows.reduce((sum, row) => sum + Number(row[column] ?? 0), 0);
}

describe('questions agree with each other', () => {
  test('the groups of top with other, of a series and the conversations add up to the same', async () => {
    const [top, series, flows, count] = await Promise.all([
      rowsOf('top', '--by', 'dst.port', '--limit', '2', '--other'),
      rowsOf('series', '--bucket', '1m'),
      rowsOf('flows', '--limit', '100000'),
      rowsOf('count'),
    ]);
    const bytes = flows.reduce((sum, row) => sum + Number(row['bytes_forward']) + Number(row['bytes_reverse']), 0);
    expect(bytes).toBeGreaterThan(0);
    expect([top, series].map((rows) => [total(rows, 'bytes'), total(rows, 'flows')])).toEqual([
      [bytes, flows.length],
      [bytes, flows.length],
    ]);
    expect([count[0]['conversations'], top.at(-1)!['other']]).toEqual([flows.length, true]);
  });

  test('find, timeline and matrix show the same conversation', async () => {
    const [flow] = await rowsOf('flows', 'access = allow', '--limit', '1');
    const list = join(folder, 'addresses.txt');
    writeFileSync(list, `# the source\n${String(flow['src_ip'])}\n\n192.0.2.77 # never seen\n`);
    const end = (address: unknown, port: unknown): string =>
      String(address).includes(':') ? `[${String(address)}]:${String(port)}` : `${String(address)}:${String(port)}`;
    const ends = [end(flow['src_ip'], flow['src_port']), end(flow['dst_ip'], flow['dst_port'])];
    const [found, timeline, matrix] = await Promise.all([
      rowsOf('find', '--file', list),
      rowsOf('timeline', ...ends),
      rowsOf('matrix', '--by', 'src.ip,dst.port', '--metric', 'flows', '--limit', '1000'),
    ]);
    expect(found.map(({ ip }) => ip)).toEqual([flow['src_ip']]);
    expect([timeline[0]['time'], timeline.length]).toEqual([flow['time'], flow['tuples']]);
    expect(JSON.stringify(matrix)).toContain(String(flow['src_ip']));
  });

  test('flows shows the newest rows first, and --first the oldest', async () => {
    const [all, oldest, newest, last, tuples] = await Promise.all([
      rowsOf('flows'),
      rowsOf('flows', '--first', '-n', '5'),
      rowsOf('flows', '--limit', '5'),
      rowsOf('flows', '--last', '5', '--since', '2026-11-20', '--until', '2026-11-21'),
      rowsOf('flows', '--tuples', '-n', '30'),
    ]);
    expect([newest, last, oldest]).toEqual([all.slice(0, 5), all.slice(0, 5), all.slice(-5).toReversed()]);
    const times = tuples.map(({ time }) => String(time));
    expect(times).toEqual(times.toSorted().toReversed());
    const largest = await rowsOf('flows', '--sort', 'bytes:desc', '-n', '3', '--columns', 'bytes');
    const bytes = all.map((row) => Number(row['bytes_forward']) + Number(row['bytes_reverse']));
    expect(largest.map((row) => row['bytes'])).toEqual(bytes.toSorted((a, b) => b - a).slice(0, 3));
  });

  test('times are read in every form', async () => {
    const [first] = await rowsOf('flows', '--limit', '1', '--first');
    const millis = Date.parse(String(first['time']));
    const later = new Date(millis + 60_000).toISOString();
    const forms = [later, later.replace('Z', '+00:00'), String(millis + 60_000)];
    const answers = await Promise.all(forms.map((to) => rowsOf('count', '--to', to)));
    expect(new Set(answers.map((rows) => JSON.stringify(rows))).size).toBe(1);
    expect(answers[0][0]['tuples']).toBeGreaterThan(0);
    expect((await rowsOf('count', '--from', 'yesterday', '--to', '1h'))[0]['tuples']).toBe(0);
  });
});

describe('what a shell sees', () => {
  test('a pipe that ends early leaves nothing behind', () => {
    const temporary = mkdtempSync(join(tmpdir(), 'nsgflow-question-tmp-'));
    const piped = spawnSync(
      'sh',
      ['-c', `"$0" "$1" flows --lake "$2" -o parquet | head -c 4`, process.execPath, main, lake],
      { env: { ...process.env, TMPDIR: temporary } },
    );
    expect([piped.stdout.toString(), piped.stderr.toString()]).toEqual(['PAR1', '']);
    expect(readdirSync(temporary).filter((name) => name.includes('parquet'))).toEqual([]);
    rmSync(temporary, { recursive: true });
  });

  test('SIGINT ends a question with 130, whenever it comes', async () => {
    const ended = (afterMillis: number): Promise<number | string | null> =>
      new Promise((resolve) => {
        const endless = 'select count(*) from range(100000000000) t(i) where hash(i) % 7 = 3';
        const child = spawn(process.execPath, [main, 'query', '--lake', lake, '--sql', endless], { stdio: 'ignore' });
        // Again and again: a process that inherits an ignored SIGINT loses those that come before Node itself runs.
        const interrupt = (): void => {
          child.kill('SIGINT');
          timer = setTimeout(interrupt, 1000);
        };
        let timer = setTimeout(interrupt, afterMillis);
        child.on('exit', (code, signal) => {
          clearTimeout(timer);
          resolve(code ?? signal);
        });
      });
    // Before Node itself runs, the signal ends the process.
    for (const end of await Promise.all([700, 2500].map(ended))) expect([130, 'SIGINT']).toContain(end);
  });

  test('completion gives commands, options, fields and values of the lake', async () => {
    const complete = async (...words: string[]): Promise<string[]> =>
      (await nsgflow(['__complete', ...words])).out.trim().split('\n');
    const [commands, options, fields, values] = await Promise.all([
      complete('ti'),
      complete('top', '--met'),
      complete('matrix', '--by', 'src.ip,dst.p'),
      complete('flows', '--lake', lake, 'access', '=', ''),
    ]);
    expect([commands, options, fields]).toEqual([
      ['timeline'],
      ['--metric'],
      ['src.ip,dst.port', 'src.ip,dst.place', 'src.ip,dst.private_endpoint'],
    ]);
    expect(values).toContain('allow');
  });

  test('completion takes the lake of the configuration file, and says nothing about a file with a mistake', async () => {
    const place = mkdtempSync(join(tmpdir(), 'nsgflow-completion-'));
    const [good, bad] = ['good.yaml', 'bad.yaml'].map((name) => join(place, name));
    writeFileSync(good, `flows: { lake: ${JSON.stringify(lake)} }\n`);
    writeFileSync(bad, 'flows: { lake: [1, 2] }\n');
    const asked = ['__complete', 'flows', 'rule', '=', ''];
    const named = await nsgflow(asked, { env: { NSGFLOW_CONFIG: good, NSGFLOW_LAKE: '' } });
    const flag = await nsgflow(['__complete', '--config', good, ...asked.slice(1)], { env: { NSGFLOW_LAKE: '' } });
    const mistaken = await nsgflow(asked, { env: { NSGFLOW_CONFIG: bad, NSGFLOW_LAKE: lake } });
    for (const { code, out, err } of [named, flag, mistaken]) {
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(/^[A-Z]\w+$/m);
    }
    rmSync(place, { recursive: true });
  });

  // The shells ask a stand-in for nsgflow, which says what it was asked.
  test.each<[string, string]>([
    ['bash', '. "$1"; COMP_WORDS=(nsgflow top --by a,); COMP_CWORD=3; _nsgflow; printf "%s\\n" "${COMPREPLY[@]}"'],
    ['fish', 'source $argv[2]; complete -C "nsgflow top --by a,"'],
  ])('the script of %s hands on the words of the line', async (shell, line) => {
    if (spawnSync(shell, ['--version']).error !== undefined) return;
    const place = mkdtempSync(join(tmpdir(), 'nsgflow-shell-'));
    writeFileSync(join(place, 'script'), (await nsgflow(['completion', shell])).out);
    writeFileSync(join(place, 'nsgflow'), '#!/bin/sh\nfor word; do last=$word; done\necho "${last}b$#$1"\n', {
      mode: 0o755,
    });
    const env = { ...process.env, PATH: `${place}:${process.env['PATH']}`, HOME: place };
    const asked = spawnSync(shell, ['-c', line, 'x', join(place, 'script')], { env, encoding: 'utf8' });
    expect([asked.stdout.trim(), asked.status]).toEqual(['a,b4__complete', 0]);
    rmSync(place, { recursive: true });
  });

  test('an empty answer is explained with -v: the times of the lake, near values, and what matches at any time', async () => {
    const asked = async (...words: string[]): Promise<string> => {
      const { code, out, err } = await nsgflow([...words, '--lake', lake, '-o', 'jsonl']);
      expect([code, out]).toEqual([0, '']);
      return err;
    };
    const [near, names, nowhere, time, silent] = await Promise.all([
      asked('flows', 'rule = AllowHtpp and ip = 10.20.1.44', '-v'),
      asked('flows', 'dst.country = zz and dst.country = fr', '-v'),
      asked('flows', 'nsg = somewhere and vm = web-1', '-v'),
      asked('top', '--by', 'rule', '--to', '2001-01-01', '-v'),
      asked('flows', 'rule = AllowHtpp'),
    ]);
    expect(near).toMatch(/^the lake has flows from 2026-11-20 \d\d:\d\d:\d\d to 2026-11-20 \d\d:\d\d:\d\d UTC\n/);
    expect(near).toContain('no flow has rule AllowHtpp; did you mean AllowHttp?\n');
    expect(near).toContain('no flow has ip 10.20.1.44; did you mean 10.20.1.4?\n');
    expect(names).toContain('zz is no country: dst.country is a code of ISO 3166, such as DE or US\n');
    expect(names).toMatch(/no flow has dst.country fr; there are AU, JP\n/);
    expect(nowhere).toContain('no flow has nsg somewhere; there are NSG-WEB, NSG-DATA, NSG-JUMP, NSG-DB\n');
    expect(nowhere).toContain(
      'no flow has vm web-1, and nothing is known of vm: docs/reference/names.md says what gives it\n',
    );
    expect(time).toMatch(/\n[\d,]+ conversations match without --from and --to\n$/);
    expect(silent).toBe('');
  });

  test('--explain says what was read', async () => {
    const { err } = await nsgflow(['count', '--lake', lake, '--explain', '--to', '2001-01-01']);
    expect(err).toMatch(/^files {2}0 of \d+ read, \d+ pruned\nbytes /);
  });
});

describe('a mistake is said in a sentence', () => {
  const bad = join(folder, 'bad.txt');

  test.each<[string[], RegExp]>([
    [['find', '--file', bad], /bad\.txt, line 2: "no-address" is no address/],
    [['find'], /name an address, or a file of addresses/],
    [['flows', '--last', '1h'], /--last takes a number of rows, not "1h"\n {2}For the rows of a time: --since 1h/],
    [['flows', '--columns', 'rul'], /no column "rul"\n {2}Did you mean rule\?/],
    [
      ['timeline', '10.0.0.4:1', '10.0.0.5:99999'],
      /"10\.0\.0\.5:99999" is neither an address nor an address with a port/,
    ],
    [['matrix', '--by', 'src.ip'], /--by takes two fields/],
    [['top', '--by', 'src.pi'], /did you mean "src\.ip"/],
    [['top', '--by', '--limit', '3'], /'--by <[^>]+>' has no value: '--limit' came right behind it/],
    [['query', '--sql'], /the SQL text is empty/],
    [['find', '--file'], /'--file <file>' has no value: '--lake' came right behind it\n {2}--file: /],
    [['series', '--every', '5m'], /unknown option '--every'.*\n {2}See nsgflow series --help\./],
    [['series', '--bucket', 'often'], /--bucket takes a time/],
    [['count', '--from', 'today', '--to', 'yesterday'], /--from is later than --to/],
    [['tail', '--follow', '-o', 'json'], /--follow has no end, which json needs/],
    [['completion', 'tcsh'], /no completion for "tcsh"/],
  ])('%j', async (question, sentence) => {
    writeFileSync(bad, '10.0.0.4\nno-address\n');
    const words = question[0] === 'completion' ? question : [...question, '--lake', lake];
    const { code, out, err } = await nsgflow(words);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(sentence);
  });
});
