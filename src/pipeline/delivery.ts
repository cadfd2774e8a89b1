import { resolve } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { formatTime } from '../base/time.ts';
import { isUrl } from '../blob/azure-target.ts';
import { BlockAppender } from '../blob/block-blob.ts';
import type { Account } from '../blob/container.ts';
import { retryAfterMillis } from '../blob/retry.ts';
import type { DeliveryStatus } from './delivery-status.ts';
import { DroppedBlobs, addLost, noBlocks, readLost } from './delivery-status.ts';
import type { FlushedBlock } from './flush.ts';
import type { Spool, SpoolFile } from './spool.ts';
import { laneOf } from './spool.ts';

/**
 * Brings blocks to storage while recording goes on.
 *
 *     flush ─▶ segment (one flush for one account) ─▶ spool ─▶ lane (one account) ─▶ queue (one blob) ─▶ commit ─▶ segment leaves the spool
 *
 * Blocks of one blob arrive in their order; those that wait go together in one commit, so slow storage means fewer and larger commits. With a
 * spool every flush is on the disk before it is offered to storage, so a killed recorder loses none that was handed over; and while storage is away,
 * flushes stay there. What waits in memory is bounded: `room` says when to go on.
 */
export interface DeliverySettings {
  /** The account that a flow log's `storage` names. Asked again after credentials were refused. @throws FlowError */
  readonly accountOf: (storage: string) => Account;
  /** Without it, storage that is away for `waitMillis` ends the recording. The caller closes it. */
  readonly spool?: Spool | undefined;
  /** Whether what the spool cannot take is dropped and counted (live), or waited for (a capture can wait). */
  readonly mayDrop: boolean;
  /** How long storage that is away is waited for at the end, and wherever recording cannot go on without it. */
  readonly waitMillis: number;
  /** Takes a sentence when, with a spool, storage goes away or comes back, or blocks are dropped or refused. */
  readonly onChange?: ((sentence: string) => void) | undefined;
}

/** Blobs of one account appended to at the same time. */
const parallelMax = 8;
/** Storage that is away is tried again after at most so long, then twice as long each time; a random share from a half up. */
const pauseMillis = 1000;
const pauseMillisMax = 30_000;
const statusMillis = 1000;

interface Segment {
  readonly lane: Lane;
  readonly minuteMillis: number;
  readonly bytes: number;
  /** `undefined` while they are in the spool only. */
  blocks: readonly FlushedBlock[] | undefined;
  /** `undefined` for what could not be spooled. */
  file: SpoolFile | undefined;
  /** Of its blocks, those that storage does not have yet. */
  open: number;
  readonly isEarlier: boolean;
}

interface Item {
  readonly block: FlushedBlock;
  readonly segment: Segment;
}

interface Queue {
  readonly container: string;
  readonly blob: string;
  waiting: Item[];
  /** An append is under way: what comes meanwhile goes into the next one, in one commit. */
  busy: boolean;
}

/** What goes to one account. */
interface Lane {
  readonly key: string;
  readonly storage: string;
  /** Where the account lay when the blocks were made. */
  readonly account: string;
  readonly appenders: Map<string, BlockAppender>;
  /** Oldest first; those of which no block is in a queue yet. */
  readonly segments: Segment[];
  readonly queues: Map<string, Queue>;
  readonly ready: Queue[];
  active: number;
  loading: boolean;
  away: Away | undefined;
  /** The account is none that this run writes to: its segments stay. */
  isForeign: boolean;
}

interface Away {
  readonly sinceMillis: number;
  error: FlowError;
  tries: number;
  failedMillis: number;
  /** The pause is over: one append may try. */
  due: boolean;
  timer: NodeJS.Timeout | undefined;
}

export class Delivery {
  /** Tuples of this run that were not in storage before. */
  tuplesWritten = 0;
  readonly #settings: DeliverySettings;
  readonly #lanes = new Map<string, Lane>();
  readonly #laneOfStorage = new Map<string, Lane>();
  /** Handed over and not yet in the spool. */
  readonly #incoming: Segment[] = [];
  #spooling = false;
  /** The spool is full, and a capture waits for room in it. */
  #stalled = false;
  /** Bytes of blocks in lanes. */
  #heldBytes = 0;
  /** By flow log and NIC, the blob that came last. */
  readonly #latestBlob = new Map<string, string>();
  #blobs = 0;
  #removing = 0;
  #delivered = 0;
  #deliveredOfEarlier = 0;
  #dropped = noBlocks;
  #refused = noBlocks;
  readonly #droppedBlobs = new DroppedBlobs();
  /** Since the last segment that fitted. */
  #isDropping = false;
  #refusal: FlowError | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  #statusMillis = 0;

  constructor(settings: DeliverySettings) {
    this.#settings = settings;
  }

  /** Takes up what an earlier run left in the spool; it goes first. @throws permission, io */
  async begin(): Promise<void> {
    const { spool } = this.#settings;
    if (spool === undefined) return;
    const lost = readLost(await spool.readStatus());
    this.#dropped = lost.dropped;
    this.#refused = lost.refused;
    this.#droppedBlobs.restore(lost.droppedBlobs);
    for (const file of spool.left) {
      let lane = this.#lanes.get(file.lane);
      if (lane === undefined) {
        const segment = await spool.read(file);
        if (segment === undefined) continue;
        lane = this.#addLane(file.lane, segment.storage, segment.account);
        lane.isForeign = !this.#isOurs(lane);
        if (lane.isForeign)
          this.#say(
            `the spool ${spool.folder} also holds blocks for ${lane.account}: they stay until something is recorded to it`,
          );
      }
      lane.segments.push({
        lane,
        minuteMillis: file.minuteMillis,
        bytes: file.sizeBytes,
        blocks: undefined,
        file,
        open: 0,
        isEarlier: true,
      });
    }
    for (const lane of this.#lanes.values()) this.#start(lane);
    await this.#saveStatus(true);
  }

  get hasSpool(): boolean {
    return this.#settings.spool !== undefined;
  }

  /** Blobs that blocks were added for. */
  get blobs(): number {
    return this.#blobs;
  }

  /** Hands over what was flushed at `minuteMillis`. */
  add(blocks: readonly FlushedBlock[], minuteMillis: number): void {
    for (const [storage, own] of groupBy(blocks, (block) => block.storage)) {
      for (const block of own) this.#countBlob(block);
      const lane = this.#laneFor(storage);
      if (lane === undefined) return;
      const bytes = own.reduce((sum, block) => sum + block.bytes.length, 0);
      const segment = { lane, minuteMillis, bytes, blocks: own, file: undefined, open: 0, isEarlier: false };
      if (this.#settings.spool === undefined) this.#enter(segment);
      else {
        this.#incoming.push(segment);
        void this.#spoolIncoming(this.#settings.spool);
      }
    }
  }

  /** Storage that is away may be there again: it is tried at once, and pauses begin anew. */
  tryAgain(): void {
    for (const lane of this.#lanes.values()) {
      if (lane.away !== undefined) lane.away.tries = 0;
      this.#retryNow(lane);
    }
  }

  /** Waits until little enough is waiting, and all is in the spool where there is one. @throws what an append threw for good */
  async room(): Promise<void> {
    const { spool } = this.#settings;
    const isRoom = (): boolean =>
      spool === undefined ? this.#heldBytes <= limits.deliveryBytesMax : this.#incoming.length === 0;
    const hopeless = await this.#wait(isRoom, () => spool === undefined || this.#stalled);
    if (hopeless !== undefined) throw hopeless;
  }

  /**
   * Waits until all is delivered, or until storage that is away was waited for in vain.
   * @returns with a spool, a sentence where blocks stay behind: in the spool, or refused
   * @throws what an append threw for good, or without a spool why storage is away
   */
  async finish(): Promise<string | undefined> {
    const { spool } = this.#settings;
    for (const lane of this.#lanes.values()) this.#retryNow(lane);
    const hopeless = await this.#wait(
      () => this.#isIdle(),
      () => this.#incoming.length === 0 || this.#stalled,
    );
    if (spool === undefined) {
      if (hopeless !== undefined) throw hopeless;
      return undefined;
    }
    if (hopeless !== undefined && this.#incoming.length > 0 && !this.#settings.mayDrop) throw hopeless;
    while (this.#incoming.length > 0 && this.#failure === undefined) this.#drop(this.#incoming.shift()!);
    if (hopeless !== undefined) this.#dropUnspooled();
    if (hopeless !== undefined)
      return `${hopeless.message}; ${spool.bytes.toLocaleString('en-US')} bytes wait in the spool ${spool.folder}`;
    return this.#refusal && `${this.#refusal.message}; what was recorded for it is in ${spool.folder}/refused`;
  }

  /** What is in memory only is lost when storage was waited for in vain. */
  #dropUnspooled(): void {
    for (const { segments, queues } of this.#lanes.values()) {
      for (const segment of segments) if (segment.file === undefined) this.#drop(segment);
      for (const { waiting } of queues.values())
        for (const { block, segment } of waiting)
          if (segment.file === undefined) this.#drop({ ...segment, blocks: [block] });
    }
  }

  /** Stops trying. What is in the spool stays. */
  async close(): Promise<void> {
    this.#failure ??= { error: new FlowError('interrupted', 'the recording was ended') };
    for (const { away } of this.#lanes.values()) clearTimeout(away?.timer);
    while (this.#spooling || this.#removing > 0 || [...this.#lanes.values()].some(({ active }) => active > 0))
      await this.#change(undefined);
    await this.#saveStatus(true);
  }

  status(): DeliveryStatus {
    const away = this.#away()[0]?.away;
    const { spool } = this.#settings;
    let oldest = Infinity;
    for (const { segments, queues } of this.#lanes.values()) {
      if (segments[0]?.file !== undefined) oldest = Math.min(oldest, segments[0].minuteMillis);
      for (const { waiting } of queues.values())
        if (waiting[0]?.segment.file !== undefined) oldest = Math.min(oldest, waiting[0].segment.minuteMillis);
    }
    return {
      spoolingSince: away === undefined ? null : formatTime(away.sinceMillis),
      reason: away?.error.message ?? null,
      spoolBytes: spool?.bytes ?? 0,
      oldestMinute: oldest === Infinity ? null : formatTime(oldest),
      delivered: this.#delivered,
      deliveredOfEarlier: this.#deliveredOfEarlier,
      dropped: this.#dropped,
      refused: this.#refused,
      droppedBlobs: this.#droppedBlobs.list(),
    };
  }

  /** Lanes whose account is away, longest first. */
  #away(): (Lane & { away: Away })[] {
    const away = [...this.#lanes.values()].filter((lane): lane is Lane & { away: Away } => lane.away !== undefined);
    return away.sort((a, b) => a.away.sinceMillis - b.away.sinceMillis);
  }

  #isIdle(): boolean {
    if (this.#incoming.length > 0 || this.#removing > 0) return false;
    return [...this.#lanes.values()].every((lane) => lane.isForeign || isEmpty(lane));
  }

  /**
   * Waits until `isDone`; where `mayGiveUp`, no longer when every account that has something waiting was away for `waitMillis`, and was tried since.
   * @returns why one of them is away, when it was given up
   */
  async #wait(isDone: () => boolean, mayGiveUp: () => boolean): Promise<FlowError | undefined> {
    const begunMillis = Date.now();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (isDone()) return undefined;
      const waiting = [...this.#lanes.values()].filter((lane) => !lane.isForeign && !isEmpty(lane));
      const hopes = waiting.map(({ away }) =>
        away === undefined || away.failedMillis < begunMillis
          ? Infinity
          : away.sinceMillis + this.#settings.waitMillis - Date.now(),
      );
      const hope = hopes.length === 0 ? Infinity : Math.max(...hopes);
      if (hope <= 0 && mayGiveUp()) return this.#away()[0]?.away.error;
      await this.#change(hope === Infinity || hope <= 0 ? undefined : hope);
    }
  }

  /** The next change, or the end of `millis`. */
  #change(millis: number | undefined): Promise<void> {
    return new Promise((done) => {
      const timer = millis === undefined ? undefined : setTimeout(() => this.#changed(), Math.ceil(millis));
      const before = this.#wake;
      this.#wake = () => {
        clearTimeout(timer);
        before?.();
        done();
      };
    });
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#changed();
  }

  #say(sentence: string): void {
    if (this.#settings.spool !== undefined) this.#settings.onChange?.(sentence);
  }

  #countBlob({ storage, container, blob }: FlushedBlock): void {
    const log = `${storage}\n${container}/${blob.replace(/\/y=\d+\/m=\d+\/d=\d+\/h=\d+/, '')}`;
    if (this.#latestBlob.get(log) === blob) return;
    this.#latestBlob.set(log, blob);
    this.#blobs++;
  }

  #addLane(key: string, storage: string, account: string): Lane {
    const lane: Lane = {
      key,
      storage,
      account,
      appenders: new Map(),
      segments: [],
      queues: new Map(),
      ready: [],
      active: 0,
      loading: false,
      away: undefined,
      isForeign: false,
    };
    this.#lanes.set(key, lane);
    return lane;
  }

  /** The lane of an account that this run writes to. */
  #laneFor(storage: string): Lane | undefined {
    const known = this.#laneOfStorage.get(storage);
    if (known !== undefined) return known;
    let account: string;
    try {
      account = placeOf(this.#settings.accountOf(storage));
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
    const key = laneOf(storage, account);
    const lane = this.#lanes.get(key) ?? this.#addLane(key, storage, account);
    lane.isForeign = false;
    this.#laneOfStorage.set(storage, lane);
    return lane;
  }

  #isOurs(lane: Lane): boolean {
    try {
      return placeOf(this.#settings.accountOf(lane.storage)) === lane.account;
    } catch {
      return false;
    }
  }

  /** Puts what was handed over into the spool, one after the other. */
  async #spoolIncoming(spool: Spool): Promise<void> {
    if (this.#spooling) return;
    this.#spooling = true;
    for (let segment = this.#incoming[0]; segment !== undefined; segment = this.#incoming[0]) {
      const { lane, minuteMillis, blocks = [] } = segment;
      const { storage, account } = lane;
      let refusal: unknown;
      segment.file = await spool.write({ storage, account, minuteMillis, blocks }).catch((error: unknown) => {
        refusal = error;
        return undefined;
      });
      const fits = segment.file !== undefined || this.#heldBytes + segment.bytes <= limits.deliveryBytesMax;
      if (!fits && !this.#settings.mayDrop && this.#failure === undefined) {
        if (refusal !== undefined && !isPassing(refusal)) this.#fail(refusal);
        else {
          this.#stalled = true;
          await this.#change(statusMillis);
        }
        continue;
      }
      this.#stalled = false;
      if (this.#incoming[0] !== segment) continue;
      this.#incoming.shift();
      if (fits) this.#enter(segment);
      else this.#drop(segment);
      this.#changed();
    }
    this.#spooling = false;
    this.#changed();
  }

  #drop({ minuteMillis, blocks = [] }: Segment): void {
    if (!this.#isDropping) this.#say('the spool is full: the newest flushes are dropped, and counted');
    this.#isDropping = true;
    this.#dropped = addLost(this.#dropped, blocks);
    this.#droppedBlobs.add(minuteMillis, blocks);
    void this.#saveStatus(false);
  }

  /** A segment comes into its lane. With its file in the spool, its bytes stay in memory only while there is much room. */
  #enter(segment: Segment): void {
    const { lane } = segment;
    this.#isDropping = false;
    if (segment.file !== undefined && this.#heldBytes + segment.bytes > limits.deliveryBytesMax / 2)
      segment.blocks = undefined;
    else this.#heldBytes += segment.bytes;
    lane.segments.push(segment);
    this.#start(lane);
    if (lane.away !== undefined) void this.#saveStatus(false);
  }

  #retryNow(lane: Lane): void {
    if (lane.away === undefined) return;
    lane.away.due = true;
    this.#start(lane);
  }

  #start(lane: Lane): void {
    if (lane.isForeign) return;
    while (this.#failure === undefined && (lane.away === undefined || lane.away.due)) {
      if (lane.active >= (lane.away === undefined ? parallelMax : 1)) return;
      const queue = lane.ready.shift();
      if (queue === undefined) {
        void this.#load(lane);
        return;
      }
      if (lane.away !== undefined) lane.away.due = false;
      lane.active++;
      void this.#append(lane, queue);
    }
  }

  /** Brings segments into the queues of their blobs, oldest first, from the spool where they are not in memory. */
  async #load(lane: Lane): Promise<void> {
    if (lane.loading) return;
    lane.loading = true;
    try {
      for (let segment = lane.segments[0]; segment !== undefined; segment = lane.segments[0]) {
        if (segment.blocks === undefined) {
          const isFull = this.#heldBytes + segment.bytes > limits.deliveryBytesMax;
          if (isFull && lane.queues.size > 0) return;
          const read = await this.#settings.spool?.read(segment.file!);
          segment.blocks = read?.blocks ?? [];
          for (const { bytes } of segment.blocks) this.#heldBytes += bytes.length;
        }
        lane.segments.shift();
        this.#distribute(lane, segment, segment.blocks);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      lane.loading = false;
    }
    if (lane.ready.length > 0) this.#start(lane);
    this.#changed();
  }

  #distribute(lane: Lane, segment: Segment, blocks: readonly FlushedBlock[]): void {
    segment.open = blocks.length;
    segment.blocks = undefined;
    for (const block of blocks) {
      const { container, blob } = block;
      const name = `${container}/${blob}`;
      let queue = lane.queues.get(name);
      if (queue === undefined) lane.queues.set(name, (queue = { container, blob, waiting: [], busy: false }));
      if (queue.waiting.push({ block, segment }) === 1 && !queue.busy) lane.ready.push(queue);
    }
  }

  async #append(lane: Lane, queue: Queue): Promise<void> {
    const items = queue.waiting;
    queue.waiting = [];
    queue.busy = true;
    try {
      const added = await this.#appenderOf(lane, queue.container).append(
        queue.blob,
        items.map(({ block }) => block),
      );
      const isNew = new Set(added);
      for (const { block, segment } of items)
        if (isNew.has(block) && !segment.isEarlier) this.tuplesWritten += block.tuples;
      await this.#settle(items);
      this.#comeBack(lane);
    } catch (error) {
      await this.#judge(lane, queue, items, error);
    }
    queue.busy = false;
    if (queue.waiting.length > 0) lane.ready.push(queue);
    else lane.queues.delete(`${queue.container}/${queue.blob}`);
    lane.active--;
    this.#start(lane);
    this.#changed();
  }

  /** After a failed append: try again later, keep the blocks apart, or end the recording. */
  async #judge(lane: Lane, queue: Queue, items: Item[], error: unknown): Promise<void> {
    const { spool } = this.#settings;
    if (!(error instanceof FlowError)) return this.#fail(error);
    if (error.code === 'blob-conflict' && spool !== undefined) {
      const blocks = items.map(({ block }) => block);
      for (const [minuteMillis, own] of groupBy(items, ({ segment }) => segment.minuteMillis))
        await spool.refuse({
          storage: lane.storage,
          account: lane.account,
          minuteMillis,
          blocks: own.map(({ block }) => block),
        });
      this.#refused = addLost(this.#refused, blocks);
      if (this.#refusal === undefined)
        this.#say(`${error.message}; what is recorded for it goes to ${spool.folder}/refused`);
      this.#refusal ??= error;
      await this.#settle(items, false);
      return;
    }
    if (!(spool === undefined ? error.code === 'unavailable' : isPassing(error))) return this.#fail(error);
    queue.waiting = [...items, ...queue.waiting];
    this.#goAway(lane, error);
  }

  /** Blocks that need no more care: segments whose blocks are all so leave the spool. */
  async #settle(items: readonly Item[], delivered = true): Promise<void> {
    this.#removing++;
    for (const { block, segment } of items) {
      if (delivered) this.#delivered++;
      if (delivered && segment.isEarlier) this.#deliveredOfEarlier++;
      this.#heldBytes -= block.bytes.length;
      if (--segment.open > 0) continue;
      if (segment.file !== undefined) await this.#settings.spool?.remove(segment.file);
    }
    this.#removing--;
  }

  #goAway(lane: Lane, error: FlowError): void {
    const now = Date.now();
    const isNew = lane.away === undefined;
    const away = (lane.away ??= { sinceMillis: now, error, tries: 0, failedMillis: now, due: false, timer: undefined });
    away.error = error;
    away.failedMillis = now;
    away.tries++;
    if (error.code === 'authentication' || error.code === 'permission') lane.appenders.clear();
    const pause = Math.min(pauseMillisMax, pauseMillis * 2 ** (away.tries - 1)) * (0.5 + Math.random() / 2);
    clearTimeout(away.timer);
    away.timer = setTimeout(() => this.#retryNow(lane), Math.max(pause, retryAfterMillis(error) ?? 0));
    if (isNew) this.#say(`${error.message}; recording goes on, into the spool ${this.#settings.spool?.folder ?? ''}`);
    void this.#saveStatus(false);
  }

  #comeBack(lane: Lane): void {
    if (lane.away === undefined) return;
    clearTimeout(lane.away.timer);
    const seconds = Math.round((Date.now() - lane.away.sinceMillis) / 1000);
    lane.away = undefined;
    this.#say(`${lane.account} takes blocks again, after ${seconds} s`);
    void this.#saveStatus(true);
  }

  #appenderOf(lane: Lane, name: string): BlockAppender {
    let appender = lane.appenders.get(name);
    if (appender === undefined) {
      const account = this.#settings.accountOf(lane.storage);
      if (placeOf(account) !== lane.account)
        throw new FlowError('unavailable', `${lane.account} is no longer the account of these flow logs`);
      appender = new BlockAppender(account.container(name));
      lane.appenders.set(name, appender);
    }
    return appender;
  }

  /** Writes `status.json`, at most once a second unless it must be now. */
  async #saveStatus(now: boolean): Promise<void> {
    const { spool } = this.#settings;
    if (spool === undefined || (!now && Date.now() - this.#statusMillis < statusMillis)) return;
    this.#statusMillis = Date.now();
    this.#removing++;
    await spool.writeStatus(this.status());
    this.#removing--;
    this.#changed();
  }
}

function isEmpty({ segments, queues, active, loading }: Lane): boolean {
  return segments.length === 0 && queues.size === 0 && active === 0 && !loading;
}

/** With a spool, everything that a person or time can mend without the recorder. */
function isPassing(error: unknown): boolean {
  return error instanceof FlowError && error.code !== 'usage' && error.code !== 'bug' && error.code !== 'blob-conflict';
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Where an account lies, the same from any working folder. */
function placeOf({ location }: Account): string {
  return isUrl(location) ? location : resolve(location);
}
