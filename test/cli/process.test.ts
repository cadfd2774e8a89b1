import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nsgflowHere, nsgflowProcess } from './nsgflow.ts';

/** The suites of this folder run commands inside their own process, see nsgflow.ts; a process must give the same, byte for byte. */
const examples = join(import.meta.dirname, '..', '..', 'examples');
const capture = join(examples, 'traffic.pcap');
const network = join(examples, 'network.json');
const folder = mkdtempSync(join(tmpdir(), 'nsgflow-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [here, there] = ['here', 'there'].map((name) => join(folder, name));
for (const place of [here, there]) mkdirSync(place);

const [isLong, everyday] = [process.env['NSGFLOW_LONG'] === '1', /^(?:record|ingest|top|recrod|count)/];
const commands: [number, ...string[]][] = [
  [0, 'record', '--capture', capture, '--network', network, '--to', 'logs'],
  [0, 'ingest', 'logs', '--lake', 'lake'],
  [1, 'convert', 'logs', '--to', 'records', '--format', 'nsg1', '--strict'],
  [0, 'flows', 'access = deny', '--lake', 'lake'],
  [0, 'top', '--by', 'dst.port', '--metric', 'bytes', '--lake', 'lake', '-o', 'table', '--color', 'always'],
  [0, 'top', 'access = deny', '--by', 'rule', '--lake', 'lake', '-o', 'table'],
  [0, 'query', '--sql', 'select src_ip, dst_port from flows order by all', '--lake', 'lake', '-o', 'csv'],
  [0, 'nsg', 'show', '--network', network, '-o', 'yaml'],
  [0, '__complete', 'flows', '--lake', 'lake', 'rule', '='],
  [0, 'help', 'record'],
  [2, 'recrod'],
  [3, 'count', '--lake', 'absent'],
  [6, 'count', '-i', capture],
  [0, 'record', '--capture', '-', '--network', network, '--to', 'piped'],
];
test.each(commands.filter(([, name]) => isLong || everyday.test(name)))(
  'ends with %i, and says the same: %s %s %s',
  async (code, ...args) => {
    const input = args.includes('-') ? { input: readFileSync(capture) } : {};
    const ran = await nsgflowProcess(args, { cwd: there, ...input });
    expect([ran, ran.code]).toEqual([await nsgflowHere(args, { cwd: here, ...input }), code]);
  },
);
