import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { minuteMillis } from '../../src/base/time.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import type { RecordResult } from '../../src/record/record.ts';
import { fiveTupleKey } from '../corpus/oracle.ts';
import { readAllLogs, sumLogs } from './logs.ts';

/**
 * Live recording between two network namespaces that a veth pair joins; all traffic stays between them. The kernel counts the packets of
 * the interface: what it counted = what was recorded + what was refused + what was dropped.
 */
const id = process.pid.toString(36);
const near = `nsgflow-near-${id}`;
const far = `nsgflow-far-${id}`;
const nearAddress = '10.99.0.1';
const farAddress = '10.99.0.2';
const folder = mkdtempSync(join(tmpdir(), 'nsgflow-live-'));
const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'nsgflow.cjs');

const obstacle = findObstacle();

function findObstacle(): string | undefined {
  if (process.env['NSGFLOW_LONG'] !== '1') return 'only in the long run (NSGFLOW_LONG=1)';
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, for network namespaces';
  if (toolPath('tcpdump') === undefined) return 'needs tcpdump';
  if (toolPath('ip') === undefined) return 'needs ip';
  if (spawnSync('ip', ['netns', 'add', `${near}-try`]).status !== 0) return 'may not make network namespaces';
  ip('netns', 'del', `${near}-try`);
  return undefined;
}

function toolPath(name: string): string | undefined {
  const { stdout, status } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' });
}

/** Packets that the near interface sent and received so far. */
function wireCount(): number {
  const [link] = JSON.parse(ip('-n', near, '-s', '-j', 'link', 'show', 'veth0')) as {
    stats64: { rx: { packets: number }; tx: { packets: number } };
  }[];
  return link.stats64.rx.packets + link.stats64.tx.packets;
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

let runs = 0;

class Recording {
  readonly to = join(folder, `logs-${runs++}`);
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  out = '';
  err = '';

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(
      toolPath('ip') ?? 'ip',
      ['netns', 'exec', near, process.execPath, main, 'record', ...args, '--to', this.to, '--stats', 'json'],
      { env: { ...process.env, XDG_STATE_HOME: folder, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.child.stdout?.on('data', (part: Buffer) => (this.out += part.toString()));
    this.child.stderr?.on('data', (part: Buffer) => (this.err += part.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve(code)));
  }

  /** Waits until it captures. */
  async started(): Promise<this> {
    for (let i = 0; i < 400 && !this.err.includes('recording veth0'); i++) await sleep(50);
    if (!this.err.includes('recording veth0')) throw new Error(`did not start: ${this.err}`);
    return this;
  }

  /** Process id of its tcpdump or dumpcap. */
  tool(): number {
    return Number(execFileSync('ps', ['-o', 'pid=', '--ppid', String(this.child.pid)], { encoding: 'utf8' }).trim());
  }

  get result(): RecordResult {
    return JSON.parse(this.out) as RecordResult;
  }

  async logs(): Promise<Map<string, FlowLog>> {
    return readAllLogs(folderAccount(this.to, { sync: false }));
  }
}

/** Runs JavaScript in a namespace, to its end. `ready`: when it first writes something. */
function runIn(
  namespace: string,
  code: string,
): { ended: Promise<void>; ready: Promise<unknown>; child: ChildProcess } {
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return {
    child,
    ready: new Promise((resolve) => child.stdout.once('data', resolve)),
    ended: new Promise((resolve, reject) => {
      child.once('exit', (status) => (status === 0 ? resolve() : reject(new Error(`sender ended with ${status}`))));
    }),
  };
}

/** Sends `count` UDP datagrams from the far side to a port of the near side, with a pause of a millisecond after each `burst`. */
function sendUdp(count: number, port: number, burst = 50): { ended: Promise<void>; child: ChildProcess } {
  return runIn(
    far,
    `const socket = require('node:dgram').createSocket('udp4');
     socket.bind(${port + 1000}, async () => {
       for (let i = 0; i < ${count}; i++) {
         await new Promise((done) => socket.send('x'.repeat(72), ${port}, '${nearAddress}', done));
         if (i % ${burst} === ${burst - 1}) await new Promise((done) => setTimeout(done, 1));
       }
       socket.close();
     });`,
  );
}

/** Packets that the logs count from the far side's UDP port to the near one's. */
async function udpInLogs(recording: Recording, port: number): Promise<number> {
  const { directed } = sumLogs((await recording.logs()).values());
  return directed.get(fiveTupleKey(17, farAddress, port + 1000, nearAddress, port))?.packets ?? 0;
}

/** A folder for PATH, with what `fill` puts there. */
function pathFolder(fill: (path: string) => void): Record<string, string> {
  const path = mkdtempSync(join(folder, 'path-'));
  fill(path);
  return { PATH: path };
}

/** What the interface counted is in the books: recorded, refused or dropped. */
function expectBalanced(recording: Recording, sent: number): void {
  const { packets, dropped } = recording.result;
  expect(packets.read + (dropped ?? 0)).toBe(sent);
  const refused = Object.values(packets.refused).reduce((sum, count) => sum + count, 0);
  expect(packets.counted + refused).toBe(packets.read);
}

const suite = `live recording${obstacle === undefined ? '' : `: skipped, ${obstacle}`}`;

describe.skipIf(obstacle !== undefined)(suite, () => {
  beforeAll(async () => {
    ip('netns', 'add', near);
    ip('netns', 'add', far);
    ip('link', 'add', 'veth0', 'netns', near, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', far);
    for (const [namespace, address] of [
      [near, nearAddress],
      [far, farAddress],
    ]) {
      ip('netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
      ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'veth0');
      ip('-n', namespace, 'link', 'set', 'veth0', 'up');
    }
    await sleep(500);
  });

  afterAll(() => {
    for (const namespace of [near, far]) spawnSync('ip', ['netns', 'del', namespace]);
    rmSync(folder, { recursive: true, force: true });
  });

  test('as many packets are in the logs as were sent, UDP and TCP', async () => {
    const before = wireCount();
    const recording = await new Recording(['--interface', 'veth0', '--format', 'vnet']).started();
    await Promise.all([sendUdp(20_000, 5000).ended, sendUdp(10_000, 5001).ended]);
    const server = runIn(
      near,
      `require('node:net').createServer((socket) => socket.resume().on('end', () => { socket.end(); process.exit(0); })).listen(6000, () => console.log('listening'));`,
    );
    await server.ready;
    await runIn(far, `require('node:net').connect(6000, '${nearAddress}').end(Buffer.alloc(5_000_000));`).ended;
    await server.ended;
    await sleep(300);
    recording.child.kill('SIGTERM');
    expect(await recording.ended, recording.err).toBe(0);
    expectBalanced(recording, wireCount() - before);
    expect(recording.result.dropped).toBe(0);
    expect(await udpInLogs(recording, 5000)).toBe(20_000);
    expect(await udpInLogs(recording, 5001)).toBe(10_000);
    expect(recording.result.flows.allowed).toBe(3);
  });

  test.each([
    ['SIGTERM', 'as it is', {}],
    ['SIGINT', 'as it is', {}],
    ['SIGTERM', 'tcpdump writing by the buffer', 'buffer'],
    ['SIGTERM', 'dumpcap', 'dumpcap'],
  ] as const)('%s in the middle loses nothing that was received (%s)', async (signal, _, how) => {
    if (how === 'dumpcap' && toolPath('dumpcap') === undefined) return;
    const env = toolEnvironment(how);
    const before = wireCount();
    const recording = await new Recording(['--interface', 'veth0', '--filter', 'udp'], env).started();
    const sender = sendUdp(1_000_000, 5000, 200);
    await sleep(3000);
    const received = wireCount() - before;
    recording.child.kill(signal);
    const code = await recording.ended;
    sender.child.kill('SIGKILL');
    await sender.ended.catch(() => undefined);
    expect(code, recording.err).toBe(0);
    const { result } = recording;
    expect(received).toBeGreaterThan(10_000);
    expect(result.packets.read).toBeGreaterThan(received - 20);
    expect(result.failure).toBeNull();
    expect(await udpInLogs(recording, 5000)).toBe(result.packets.counted);
    process.stderr.write(`${signal} ${JSON.stringify(how)}: received ${received}, ${JSON.stringify(result)}\n`);
  });

  test('what the kernel drops while nsgflow does not read is counted', async () => {
    const before = wireCount();
    const recording = await new Recording(['--interface', 'veth0']).started();
    recording.child.kill('SIGSTOP');
    await runIn(
      far,
      `const datagram = Buffer.alloc(64);
       const socket = require('node:dgram').createSocket('udp4');
       let sent = 0;
       const send = () => {
         if (sent++ < 700_000) socket.send(datagram, 5000, '${nearAddress}', send);
         else if (sent === 700_032) socket.close();
       };
       for (let i = 0; i < 32; i++) send();`,
    ).ended;
    recording.child.kill('SIGCONT');
    await sleep(500);
    recording.child.kill('SIGTERM');
    expect(await recording.ended, recording.err).toBe(0);
    expectBalanced(recording, wireCount() - before);
    expect(recording.result.dropped).toBeGreaterThan(0);
    process.stderr.write(`stopped: ${JSON.stringify(recording.result)}\n`);
  });

  test('a minute is written when it is over, though no packet follows', async () => {
    const recording = await new Recording(['--interface', 'veth0', '--filter', 'udp']).started();
    await sendUdp(10, 5000).ended;
    await vi.waitFor(async () => expect(sumLogs((await recording.logs()).values()).begun).toBe(1), {
      timeout: 5 * minuteMillis,
      interval: 500,
    });
    expect(recording.child.exitCode).toBeNull();
    recording.child.kill('SIGTERM');
    expect(await recording.ended, recording.err).toBe(0);
    expect(await udpInLogs(recording, 5000)).toBe(10);
  });

  test('a tool that is killed: what it handed on is recorded, and that drops are not known', async () => {
    const recording = await new Recording(['--interface', 'veth0', '--filter', 'udp']).started();
    await sendUdp(1000, 5000).ended;
    await sleep(2000);
    process.kill(recording.tool(), 'SIGKILL');
    expect(await recording.ended).toBe(5);
    expect(recording.result.dropped).toBeNull();
    expect(recording.err).toContain('ended by itself');
    expect(await udpInLogs(recording, 5000)).toBe(1000);
  });

  test('an interface that disappears ends the recording, and what came is recorded', async () => {
    ip('-n', near, 'link', 'add', 'veth1', 'type', 'veth', 'peer', 'name', 'veth2');
    ip('-n', near, 'link', 'set', 'veth1', 'up');
    const recording = new Recording(['--interface', 'veth1']);
    for (let i = 0; i < 100 && !recording.err.includes('recording veth1'); i++) await sleep(50);
    ip('-n', near, 'link', 'del', 'veth1');
    expect(await recording.ended, recording.err).toBe(5);
    expect(recording.err).toMatch(/veth1 ended by itself/);
    process.stderr.write(`${recording.err}${recording.out}`);
  });

  test('--max-time and --max-bytes stop it', async () => {
    const timed = new Recording(['--interface', 'veth0', '--max-time', '2s']);
    expect(await timed.ended, timed.err).toBe(0);
    const filled = await new Recording(['--interface', 'veth0', '--filter', 'udp', '--max-bytes', '50kB']).started();
    await sendUdp(2000, 5000).ended;
    expect(await filled.ended, filled.err).toBe(0);
    expect(filled.result.bytes).toBeGreaterThan(43_000);
  });

  test('a second Ctrl-C aborts', async () => {
    const recording = await new Recording(['--interface', 'veth0']).started();
    const tool = recording.tool();
    recording.child.kill('SIGINT');
    await vi.waitFor(() => expect(recording.err).toContain('stopping'), { timeout: 20_000 });
    recording.child.kill('SIGINT');
    expect(await recording.ended).toBe(130);
    await vi.waitFor(() => expect(isRunning(tool)).toBe(false), { timeout: 5000 });
  });

  test.each([
    ['no tool', ['--interface', 'veth0'], 'none', 3, 'neither is installed'],
    ['no such interface', ['--interface', 'nosuch'], undefined, 3, 'there is no network interface nosuch'],
    ['a filter that is none', ['--interface', 'veth0', '--filter', 'foo('], undefined, 2, 'the filter "foo("'],
    ['a filter like an option', ['--interface', 'veth0', '--filter=-Z'], undefined, 2, 'the filter "-Z"'],
    ['an interface like an option', ['--interface=-D'], undefined, 2, 'is not the name of a network interface'],
    ['a file and an interface', ['--interface', 'veth0', '--capture', 'x'], undefined, 2, 'name one of them'],
  ] as const)('%s is said in a sentence', async (_, args, how, code, sentence) => {
    const recording = new Recording(args, toolEnvironment(how));
    expect(await recording.ended).toBe(code);
    expect(recording.err).toContain(sentence);
  });
});

/** PATH with no tool, with dumpcap alone, or with a tcpdump that never gets `-U`. */
function toolEnvironment(how: unknown): Record<string, string> {
  if (how === 'none') return pathFolder(() => undefined);
  if (how === 'dumpcap') return pathFolder((path) => symlinkSync(toolPath('dumpcap')!, join(path, 'dumpcap')));
  if (how !== 'buffer') return {};
  const script = `#!/bin/sh
for word do shift; [ "$word" = -U ] || set -- "$@" "$word"; done
exec ${toolPath('tcpdump')} "$@"
`;
  return pathFolder((path) => {
    writeFileSync(join(path, 'tcpdump'), script);
    chmodSync(join(path, 'tcpdump'), 0o755);
  });
}
