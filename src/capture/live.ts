import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError } from '../base/errors.ts';
import type { CaptureBatch } from './batch.ts';
import type { Chunks } from './chunks.ts';
import { iterateChunks } from './chunks.ts';
import { CaptureDecoder } from './decode-capture.ts';
import type { CaptureCounters } from './format-decoder.ts';
import { liveIdentity } from './identity.ts';
import type { LiveTool, ToolSettings } from './live-tool.ts';
import {
  checkInterfaceName,
  complaintOf,
  explainFailure,
  liveTools,
  readFigures,
  saysReady,
  toolArguments,
} from './live-tool.ts';
import type { CaptureReader } from './merge-captures.ts';
import { TimedWait } from './timed-wait.ts';

export interface LiveSettings extends ToolSettings {
  /** Maximum duration; `undefined` is unlimited. */
  readonly maxMillis: number | undefined;
  /** The capture ends when its packets had this many bytes on the wire, or more; `undefined` is unlimited. */
  readonly maxBytes: number | undefined;
  /** Requests a stop; packets received before it are still read. */
  readonly stop: AbortSignal;
  /** Called once, when capturing has started. */
  readonly onStart?: (interfaceName: string, tool: LiveTool) => void;
}

interface Running {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Its standard error so far; the middle of a very long text is left out. */
  readonly messages: () => string;
  /** Resolves after its exit and the end of its standard error. */
  readonly ended: Promise<unknown>;
}

/** `next` returns without packets after this time, so that its caller can act on the time. */
const idleMillis = 250;
/**
 * The kernel delivers packets in portions, at most one second apart: after this time without packets, none is in
 * transit.
 */
const drainMillis = 1300;
/** The longest wait for packets in transit after a stop. */
const drainMillisMax = 10_000;
/** A tool that does not end within this time is killed. */
const endMillisMax = 5000;
/** The packet rate of an interface is measured over this time. */
const rateMillis = 200;
/**
 * Characters of a tool's standard error that are kept: from the beginning for errors, from the end for the counters.
 */
const messageCharsMax = 16_384;

/**
 * Captures packets of a network interface with tcpdump, or with dumpcap if there is no tcpdump. Resolves when capturing
 * has started.
 * @throws FlowError usage (not on Linux, an invalid name or filter), capture-tool-missing, permission, not-found (no such
 *   interface), unavailable
 */
export async function openLive(settings: LiveSettings, counters: CaptureCounters): Promise<LiveCapture> {
  if (process.platform !== 'linux')
    throw new FlowError('usage', 'live capture works on Linux only', {
      hint: 'Capture with another tool, and record its file: nsgflow record --capture FILE',
    });
  checkInterfaceName(settings.interface);
  const rate = await packetRate(settings.interface);
  for (const tool of liveTools) {
    const running = await start(tool, toolArguments(tool, settings, rate));
    if (running === undefined) continue;
    if (!(await isReady(tool, running))) throw explainFailure(tool, settings, running.messages());
    settings.onStart?.(settings.interface, tool);
    return new LiveCapture(tool, running, settings, counters);
  }
  throw new FlowError('capture-tool-missing', 'live capture needs tcpdump or dumpcap, and neither is installed');
}

/** A live capture opened by `openLive`. */
export class LiveCapture implements CaptureReader {
  readonly identity: string;
  readonly bytesTotal = undefined;
  /**
   * Packets that passed the filter and were not read; known at the end. `undefined` if the tool did not print its
   * counters.
   */
  dropped: number | undefined;
  /** Why it ended without a stop; `undefined` if there was no error. Known at the end. */
  failure: string | undefined;
  readonly #tool: LiveTool;
  readonly #running: Running;
  readonly #settings: LiveSettings;
  readonly #counters: CaptureCounters;
  readonly #chunks: Chunks;
  readonly #decoder: CaptureDecoder;
  readonly #kill: () => void;
  /** From the monotonic clock, as for all waiting times. */
  readonly #startSteadyMillis = performance.now();
  #pending: TimedWait<Uint8Array | undefined> | undefined;
  #packets = 0;
  #wireBytes = 0;
  #lastChunkSteadyMillis = 0;
  #stopSteadyMillis: number | undefined;
  /** By the time of the packets. */
  #stopMillis = Infinity;
  /** A packet later than the stop arrived, so all earlier packets have been read. */
  #drained = false;
  #asked = false;
  #endTimer: NodeJS.Timeout | undefined;

  constructor(tool: LiveTool, running: Running, settings: LiveSettings, counters: CaptureCounters) {
    const { child } = running;
    this.#tool = tool;
    this.#running = running;
    this.#settings = settings;
    this.#counters = counters;
    this.#kill = () => child.kill('SIGKILL');
    process.once('exit', this.#kill);
    this.#chunks = iterateChunks(child.stdout, settings.interface);
    this.#decoder = new CaptureDecoder(settings.interface, counters);
    this.identity = liveIdentity(settings.interface, Date.now());
  }

  get bytesRead(): number {
    return this.#chunks.bytesRead;
  }

  /**
   * As in CaptureReader, but after a quarter of a second without packets it returns `true` and an empty batch.
   * @returns `false` after a stop when all packets are read, or when the tool ended by itself: see `failure`
   */
  async next(batch: CaptureBatch): Promise<boolean> {
    for (;;) {
      if (this.#decoder.next(batch)) {
        this.#account(batch);
        return true;
      }
      this.#control();
      this.#pending ??= new TimedWait(this.#chunks.next());
      if (!(await this.#pending.settled(idleMillis))) return true;
      const chunk = await this.#pending.promise;
      this.#pending = undefined;
      if (chunk === undefined) {
        await this.#end();
        return false;
      }
      this.#lastChunkSteadyMillis = performance.now();
      this.#decoder.push(chunk);
    }
  }

  async close(): Promise<void> {
    this.#kill();
    await this.#running.ended;
    clearTimeout(this.#endTimer);
    process.off('exit', this.#kill);
    this.#running.child.stdout.destroy();
  }

  #account(batch: CaptureBatch): void {
    const { count, originalLength } = batch;
    this.#packets += count;
    for (let row = 0; row < count; row++) this.#wireBytes += originalLength[row];
    if (batch.timeSeconds[count - 1] * 1000 > this.#stopMillis) this.#drained = true;
  }

  /** Stops the tool when it is time. */
  #control(): void {
    const now = performance.now();
    const { maxMillis, maxBytes, stop } = this.#settings;
    if (this.#stopSteadyMillis === undefined) {
      const isOver = maxMillis !== undefined && now - this.#startSteadyMillis >= maxMillis;
      const isFull = maxBytes !== undefined && this.#wireBytes >= maxBytes;
      if (!stop.aborted && !isOver && !isFull) return;
      this.#stopSteadyMillis = now;
      this.#stopMillis = Date.now();
    }
    if (this.#asked) return;
    const isQuiet = now - Math.max(this.#stopSteadyMillis, this.#lastChunkSteadyMillis) >= drainMillis;
    if (!this.#drained && !isQuiet && now - this.#stopSteadyMillis < drainMillisMax) return;
    this.#asked = true;
    this.#running.child.kill('SIGTERM');
    this.#endTimer = setTimeout(this.#kill, endMillisMax);
  }

  /** Completes the counters after the tool has closed its pipe. */
  async #end(): Promise<void> {
    await this.#running.ended;
    const { interface: name } = this.#settings;
    if (this.#decoder.started) this.#decoder.end();
    const text = this.#running.messages();
    if (!this.#asked) this.failure = `the capture on ${name} ended by itself: ${complaintOf(this.#tool, text)}`;
    const figures = readFigures(this.#tool, text);
    if (figures === undefined) {
      this.failure ??= `${this.#tool} ended without saying how many packets the kernel dropped`;
      return;
    }
    const lost = Math.max(0, figures.captured - this.#packets - this.#counters.refused.total);
    const unread = Math.max(0, (figures.received ?? 0) - figures.captured - figures.dropped);
    this.dropped = figures.dropped + lost + ((await seesTwice(name)) ? 0 : unread);
  }
}

/**
 * Starts the tool in its own process group: Ctrl-C reaches only nsgflow, which stops the tool after reading its
 * packets. `undefined` if the tool is not installed.
 */
async function start(tool: LiveTool, args: readonly string[]): Promise<Running | undefined> {
  const child = spawn(tool, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, LC_ALL: 'C' },
  });
  // Without a listener, Node discards the output of a child that ends, and this one can end before its first packet is
  // read.
  child.stdout.on('readable', () => {});
  let text = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (part: string) => {
    text += part;
    if (text.length > messageCharsMax) text = text.slice(0, messageCharsMax / 2) + text.slice(-messageCharsMax / 2);
  });
  const ended = Promise.all([
    new Promise((resolve) => child.once('exit', resolve)),
    new Promise((resolve) => child.stderr.once('close', resolve)),
  ]);
  try {
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.on('error', reject);
    });
    return { child, messages: () => text, ended };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new FlowError(code === 'EACCES' || code === 'EPERM' ? 'permission' : 'unavailable', `cannot run ${tool}`, {
      cause,
      hint: `Check that ${tool} may be run by this user.`,
    });
  }
}

/** Waits until the tool captures; `false` if it ends first. */
function isReady(tool: LiveTool, { child, messages, ended }: Running): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (
        messages()
          .split('\n')
          .some((line) => saysReady(tool, line))
      )
        resolve(true);
    };
    child.stderr.on('data', look);
    look();
    void ended.then(() => resolve(false));
  });
}

/** Packets per second of an interface, both directions; 0 if the system does not report it. */
async function packetRate(name: string): Promise<number> {
  const count = async (): Promise<number> => {
    const texts = await Promise.all(
      ['rx_packets', 'tx_packets'].map((figure) => readFile(`/sys/class/net/${name}/statistics/${figure}`, 'utf8')),
    );
    return texts.reduce((sum, text) => sum + Number(text), 0);
  };
  try {
    const before = await count();
    await sleep(rateMillis);
    return ((await count()) - before) * (1000 / rateMillis);
  } catch {
    return 0;
  }
}

/** Whether the kernel counts captured packets twice: on a loopback interface, as sent and as received. */
async function seesTwice(name: string): Promise<boolean> {
  if (name === 'any') return true;
  try {
    const loopbackFlag = 8;
    return (Number(await readFile(`/sys/class/net/${name}/flags`, 'utf8')) & loopbackFlag) !== 0;
  } catch {
    return true;
  }
}
