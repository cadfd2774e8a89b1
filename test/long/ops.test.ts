import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const ops = join(root, 'ops');

const bin = join(root, 'dist/cli/nsgflow.cjs');
/** As the unit runs it: no capability, and none to be had. */
const nobody = 65_534;
const ids = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
const asNobody = [...ids, '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs'];

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nsgflow-ops-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A service until `ask` is done; it must end without an error at SIGTERM. `ready` is the line after which it is asked. */
async function withService(
  line: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: string,
  ask: (port: number) => Promise<void>,
): Promise<void> {
  const child = spawn(line[0], line.slice(1), { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let said = '';
  const isReady = new Promise<boolean>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      said += part;
      if (said.includes(ready) && said.includes('listening at')) resolve(true);
    });
    child.on('exit', () => resolve(false));
  });
  try {
    expect(await isReady, said).toBe(true);
    await ask(Number(/^listening at https:\/\/localhost:(\d+)/m.exec(said)?.[1]));
  } finally {
    child.kill('SIGTERM');
  }
  expect([...((await ended) as unknown[]), said]).toEqual([0, null, expect.stringContaining('stopping: ')]);
}

async function ask(port: number, path: string): Promise<{ status: number | undefined; body: string }> {
  const headers = { authorization: 'Bearer any', host: `localhost:${port}` };
  const asked = get({ host: '127.0.0.1', port, path, headers, rejectUnauthorized: false });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

/** Output of a program; `undefined` where it cannot be started. */
function run(program: string, ...args: string[]): { code: number | null; text: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return { code: status, text: stdout + stderr };
}

test('the exposure of the systemd unit is at most 3.0', (context) => {
  const unit = join(ops, 'nsgflow.service');
  const ran = run('systemd-analyze', 'security', '--offline=true', '--threshold=30', '--no-pager', unit);
  if (ran === undefined) context.skip('systemd-analyze is not installed (Debian package systemd)');
  expect(ran?.code, ran?.text).toBe(0);
  expect(Number(/exposure level[^:]*: ([\d.]+)/.exec(ran?.text ?? '')?.[1])).toBeLessThanOrEqual(3);
});

test('Prometheus accepts the alerts', (context) => {
  const ran = run('promtool', 'check', 'rules', join(ops, 'alerts.yaml'));
  if (ran === undefined) context.skip('promtool is not installed (Debian package prometheus)');
  expect(ran?.code, ran?.text).toBe(0);
});

test('alerts ask metrics that the service has', () => {
  const sources = readdirSync(join(root, 'src/server'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const known = sources.map((path) => readFileSync(join(root, 'src/server', path), 'utf8')).join('\n');
  const { groups } = parse(readFileSync(join(ops, 'alerts.yaml'), 'utf8')) as {
    groups: { rules: { expr: string }[] }[];
  };
  const asked = groups.flatMap(({ rules }) => rules).flatMap(({ expr }) => expr.match(/nsgflow_\w+/g) ?? []);
  expect(asked.length).toBeGreaterThan(4);
  for (const name of asked) expect(known).toContain(`'${name}'`);
});

test('Prometheus accepts the metrics of a service that records and ingests', async (context) => {
  if (run('promtool', '--version') === undefined) context.skip('promtool is not installed (Debian package prometheus)');
  const [network, capture] = ['network.json', 'traffic.pcap'].map((name) => join(root, 'examples', name));
  const place = ['--data', join(folder, 'metrics'), '--listen', '127.0.0.1:0', '--auth', 'any'];
  const serve = [
    process.execPath,
    bin,
    'serve',
    ...place,
    '--network',
    network,
    '--format',
    'nsg2',
    '--capture',
    capture,
  ];
  await withService(serve, process.env, 'the table has the whole capture', async (port) => {
    const { status, body } = await ask(port, '/metrics');
    expect(status).toBe(200);
    expect(body.match(/^# TYPE nsgflow_/gm)?.length).toBeGreaterThan(12);
    const {
      status: code,
      stdout,
      stderr,
    } = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
    expect([code, stdout + stderr]).toEqual([0, '']);
  });
});

test('the command of the systemd unit serves and ends: as another user, without capabilities, with its environment', async (context) => {
  const isReadable = spawnSync('setpriv', [...asNobody, 'test', '-r', bin]).status === 0;
  if (!isReadable) context.skip('it takes root and setpriv, and a repository that every user can read');
  const unit = readFileSync(join(ops, 'nsgflow.service'), 'utf8');
  const valueOf = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
  const [state, programs] = ['state', 'bin'].map((name) => join(folder, name));
  chmodSync(folder, 0o755);
  for (const place of [state, programs]) mkdirSync(place, { mode: Number.parseInt(valueOf('StateDirectoryMode'), 8) });
  chownSync(state, nobody, nobody);
  chmodSync(programs, 0o755);
  writeFileSync(join(programs, 'nsgflow'), `#!/bin/sh\nexec node '${bin}' "$@"\n`, { mode: 0o755 });
  const [command, ...args] = valueOf('ExecStart').replaceAll('/var/lib/nsgflow', state).split(' ');
  expect(args).toContain(state);
  const [name, value] = valueOf('Environment').split('=');
  const env = { [name]: value, PATH: `${programs}:${dirname(process.execPath)}:/usr/bin:/bin` };
  const line = ['setpriv', ...asNobody, command, ...args, '--listen', '127.0.0.1:0'];
  await withService(line, env, 'listening at', async (port) => {
    expect((await ask(port, '/healthz')).status).toBe(200);
    expect((await ask(port, '/metrics')).status).toBe(401);
  });
  expect(statSync(join(state, 'secret')).uid).toBe(nobody);
});
