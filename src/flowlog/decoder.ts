/**
 * Reads the structure of flow logs: NSG version 1 and 2 and VNet version 4, also mixed.
 *
 *   envelope        {"records":[ record, record, … ]}
 *   bare records    record LF record LF …            (newline-delimited JSON; also an array of records)
 *   block           ,record,record                   (one block of a growing blob)
 *   cut             any of these, cut at any byte
 *   event           {"time":…,"rule":…,"flow.0":"tuple"}, or {"message":"{\"time\":…}"} (one tuple per event)
 *   flat event      {"src_ip":…,"dest_IP":…,…}       (see flat-event.ts)
 *
 * A structural scanner: it descends into every object, reads the known keys in any place and order, and passes arrays of
 * tuples to `scanTuple`. Rule, ACL and MAC apply to all tuples inside the object that has them; those of an envelope do
 * not apply to its records. Bad input never throws. Where structure is lost, the scanner continues at the next object
 * that certainly begins a record (inside a record also a rule of an NSG log, or an ACL of a VNet log), and the bytes
 * between become a rejection. Brackets, commas and `"records":` between records have no data; too few or too many of them
 * are not a rejection.
 */
import { limits } from '../base/limits.ts';
import { utf16Of } from '../base/text.ts';
import { parseMac } from '../net/mac.ts';
import type { Frame, Scope } from './cut.ts';
import { isEnvelope } from './cut.ts';
import { parseFlatEvent } from './flat-event.ts';
import { quote, skipSpace, stringEnd, stringText, TextCache } from './json-bytes.ts';
import type { Key } from './keys.ts';
import { isTupleKey, keyAt, keyOf, recordKeys } from './keys.ts';
import type { MutableLog } from './log-draft.ts';
import { LogDraft } from './log-draft.ts';
import type { Draft } from './record-draft.ts';
import { createDraft, formatOf, isFlowCategory } from './record-draft.ts';
import { parseRecordTime } from './record-time.ts';
import type { RejectionReason } from './rejection.ts';
import { resync } from './resync.ts';
import { TupleReader } from './tuple-array.ts';
import type { TupleScanner } from './tuple-scanner.ts';

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

export class Decoder {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #logDraft: LogDraft;
  readonly #log: MutableLog;
  readonly #scanner: TupleScanner;
  readonly #embedding: number;
  readonly #texts = new TextCache();
  readonly #tuples: TupleReader;
  #at = 0;
  /** The last string: its opening quote, and the position after its closing one. */
  #stringStart = 0;
  #stringEnd = -1;
  #fault: RejectionReason = 'syntax';
  /** Open brackets, and how many of them belong to a possible record. */
  readonly #frames: Frame[] = [];
  #inside = 0;

  /** Decodes into `draft`; `embedding` texts are around this one. */
  constructor(bytes: Uint8Array, draft: LogDraft, scanner: TupleScanner, embedding = 0) {
    const { log } = draft;
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#logDraft = draft;
    this.#log = log;
    this.#scanner = scanner;
    this.#embedding = embedding;
    this.#tuples = new TupleReader(
      bytes,
      log.tuples,
      scanner,
      (start, end, reason, detail) => this.#reject(start, end, reason, detail),
      (count) => (log.mended += count),
    );
  }

  decode(): void {
    this.#elements(0, true);
  }

  /**
   * Marks everything before `#at` as final.
   * @param behind whether the records of the innermost object have been read
   */
  #settle(behind = false): void {
    if (this.#inside === 0) this.#logDraft.settle(this.#at, this.#frames, behind);
  }

  /** Objects that may be records, up to the end of the array, or of the input at the top level. */
  #elements(depth: number, top: boolean): void {
    const bytes = this.#bytes;
    const frames = this.#frames;
    const outside = frames.length;
    for (;;) {
      this.#at = skipSpace(bytes, this.#at, this.#end);
      if (this.#at >= this.#end) {
        if (!top && !this.#logDraft.isOpen) {
          this.#settle();
          this.#logDraft.isOpen = true;
        }
        return;
      }
      const b = bytes[this.#at];
      if (b === openBrace) {
        this.#settle();
        if (top || !this.#skipEnvelope()) this.#candidate(depth);
        else frames.push('array');
      } else if (b === comma) this.#at++;
      else if (b === openBracket) {
        this.#at++;
        if (!top) frames.push('array');
      } else if (b === closeBracket) {
        this.#at++;
        if (frames.length > outside) frames.pop();
        else if (!top) return;
      } else if (b === closeBrace) {
        if (!top) return;
        this.#at++;
      } else if (b === quote && keyAt(bytes, this.#at, this.#end) === 'records') {
        this.#at = bytes.indexOf(colon, this.#at) + 1;
      } else if (isByteOrderMark(bytes, this.#at)) this.#at += 3;
      else {
        const from = this.#at;
        this.#settle();
        this.#at = resync(bytes, from, undefined).at;
        this.#logDraft.isOpen ||= this.#at >= this.#end;
        const isUtf16 = from === 0 && utf16Of(bytes) !== undefined;
        this.#reject(
          from,
          this.#at,
          'syntax',
          isUtf16 ? 'The bytes are UTF-16, and a flow log must be UTF-8.' : undefined,
        );
      }
    }
  }

  /** Skips `{"records":[` inside an array of records, as in damaged and concatenated blobs. */
  #skipEnvelope(): boolean {
    const bytes = this.#bytes;
    const at = skipSpace(bytes, this.#at + 1, this.#end);
    if (bytes[at] !== quote || keyAt(bytes, at, this.#end) !== 'records') return false;
    const value = skipSpace(bytes, bytes.indexOf(colon, at) + 1, this.#end);
    if (bytes[value] !== openBracket) return false;
    this.#at = value + 1;
    return true;
  }

  /** An object in the place of a record: a record, an envelope, an event, or another object. */
  #candidate(depth: number): void {
    const startByte = this.#at;
    const { rejections, tuples, groups } = this.#log;
    const rejectionsBefore = rejections.length;
    const draft = createDraft(startByte, tuples.count, groups.length, this.#log.mended);
    const frames = this.#frames.length;
    let reason: RejectionReason = 'not-a-flow-record';
    let parsedFrom = startByte;
    let whole = this.#object(draft, depth, true);
    const wasLost = !whole;
    while (!whole) {
      this.#frames.length = frames;
      const from = this.#at;
      if (draft.hasRecords && from >= this.#end) break;
      const next = resync(this.#bytes, Math.max(from, parsedFrom + 1), draft.groupKey);
      reason = this.#fault === 'truncated' && next.at < this.#end ? 'syntax' : this.#fault;
      this.#at = next.at;
      this.#reject(from, next.at, reason);
      if (!next.inRecord) break;
      parsedFrom = next.at;
      whole = this.#strayGroups(draft, depth);
    }
    this.#frames.length = frames;
    this.#logDraft.isOpen ||= wasLost && this.#at >= this.#end;
    const named = Object.keys(draft.texts).length > 0;
    const known = draft.version !== undefined || isFlowCategory(draft.texts.category);
    if (whole && draft.hasFlows && known) this.#logDraft.recordOf(draft, this.#at);
    if (draft.record < 0 && draft.hasRecords) this.#logDraft.forget(draft.unreadable, rejectionsBefore);
    if (draft.record >= 0 && (named || draft.hasRecords)) this.#logDraft.finish(draft, this.#at);
    else if (!draft.hasRecords && !(whole && draft.isFlat && this.#flatEvent(draft))) {
      if (draft.record >= 0) this.#logDraft.discard(draft);
      rejections.length = Math.min(rejections.length, rejectionsBefore);
      this.#reject(startByte, this.#at, reason);
    }
  }

  /** Rules (NSG) or ACLs (VNet) of a record whose surrounding structure was lost. */
  #strayGroups(draft: Draft, depth: number): boolean {
    const bytes = this.#bytes;
    for (;;) {
      if (!this.#object(draft, depth + 1, false)) return false;
      let b = 0;
      for (; this.#at < this.#end; this.#at++) {
        b = bytes[this.#at];
        if (b !== comma && b !== closeBracket && b !== closeBrace && b > 0x20) break;
      }
      if (this.#at >= this.#end) return true;
      if (b !== openBrace) return this.#fail();
      const key = skipSpace(bytes, this.#at + 1, this.#end);
      if (!this.#isKeyCut(key) && keyAt(bytes, key, this.#end) !== draft.groupKey) return true;
    }
  }

  /** Whether the input ends before the colon of a key that may begin at `at`. */
  #isKeyCut(at: number): boolean {
    if (at >= this.#end) return true;
    if (this.#bytes[at] !== quote) return false;
    const close = stringEnd(this.#bytes, at + 1, this.#end);
    return close < 0 || skipSpace(this.#bytes, close + 1, this.#end) >= this.#end;
  }

  /**
   * Reads one object from its brace; its rule, ACL and MAC apply to the groups inside it. False if the structure is
   * lost, at `#at`.
   */
  #object(draft: Draft, depth: number, outermost: boolean, of?: Key): boolean {
    if (depth > limits.flowLogDepthMax) return this.#fail('nested-too-deep');
    const { groups } = this.#log;
    const firstGroup = groups.length;
    const scope: Scope = { rule: '', aclId: '', mac: '', group: -1, of, draft: outermost ? draft : undefined };
    this.#frames.push(scope);
    const whole = this.#members(draft, scope, depth, outermost);
    if (whole) this.#frames.pop();
    this.#logDraft.fillGroups(firstGroup, scope);
    return whole;
  }

  #members(draft: Draft, scope: Scope, depth: number, outermost: boolean): boolean {
    const bytes = this.#bytes;
    this.#at++;
    for (;;) {
      this.#at = skipSpace(bytes, this.#at, this.#end);
      const b = bytes[this.#at];
      if (b === closeBrace) {
        this.#at++;
        return true;
      }
      if (b !== quote) return this.#fail();
      const keyStart = this.#at + 1;
      if (!this.#string()) return false;
      const keyEnd = this.#at - 1;
      this.#at = skipSpace(bytes, this.#at, this.#end);
      if (bytes[this.#at] !== colon) return this.#failBehindString();
      this.#at = skipSpace(bytes, this.#at + 1, this.#end);
      const key = keyOf(bytes, keyStart, keyEnd);
      const isEvent = key === undefined && isTupleKey(bytes, keyStart, keyEnd);
      const read = isEvent ? this.#flowTuples(draft, depth, scope) : this.#member(draft, scope, depth, outermost, key);
      if (!read || !this.#separator(closeBrace)) return false;
    }
  }

  /** Skips the comma after a value; the caller reads the closing bracket or brace. */
  #separator(close: number): boolean {
    this.#at = skipSpace(this.#bytes, this.#at, this.#end);
    const b = this.#bytes[this.#at];
    if (b === comma) this.#at++;
    return b === comma || b === close || this.#failBehindString();
  }

  /** Reads the value at `#at`. An invalid type for a known key is reported; unknown keys are skipped. */
  #member(draft: Draft, scope: Scope, depth: number, outermost: boolean, key: Key | undefined): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    const b = bytes[start];
    const string = b === quote;
    switch (key) {
      case 'records':
        if (b === openBracket || b === openBrace) return this.#records(draft, depth, 'records');
        return this.#flows(draft, depth, key);
      case 'flowtuples':
        draft.hasFlows = true;
        return this.#flowTuples(draft, depth, undefined);
      case 'flows':
      case 'flowgroups':
      case 'flowrecords':
        draft.hasFlows = true;
        if (key === 'flowrecords' && outermost) draft.groupKey = 'aclid';
        return this.#flows(draft, depth, key);
      case 'properties':
        if (outermost) draft.groupKey = 'rule';
        return this.#flows(draft, depth, key);
      case 'rule':
      case 'mac':
      case 'aclid':
        if (!string) return this.#other(draft, depth, 'field-unreadable', key);
        if (!this.#string()) return false;
        scope[key === 'aclid' ? 'aclId' : key] = this.#text(start);
        this.#checkText(start);
        return true;
      case 'version':
      case 'flowlogversion':
        return this.#version(draft, depth, key, outermost || scope.of === 'properties');
      case 'flow_state':
        draft.isFlat = outermost;
        break;
      case 'message':
        if (b === openBracket || b === openBrace) return this.#records(draft, depth, 'records');
        if (!string) break;
        if (!this.#string()) return false;
        if (this.#embeddedLog(start + 1, this.#at - 1)) draft.hasRecords = true;
        else this.#checkText(start);
        return true;
      case undefined:
        if (b === openBracket && this.#beginsRecord(skipSpace(bytes, start + 1, this.#end)))
          return this.#records(draft, depth, 'others');
        break;
      default:
        if (!outermost) break;
        return this.#field(draft, depth, key);
    }
    return this.#value(draft, depth);
  }

  /** A text field of the record; its time may be a number. */
  #field(draft: Draft, depth: number, key: Key): boolean {
    const start = this.#at;
    const b = this.#bytes[start];
    if (b === quote) {
      if (!this.#string()) return false;
      draft.texts[key] = this.#text(start);
      this.#checkText(start);
    } else if (key === 'time' && b >= 0x30 && b <= 0x39) {
      if (!this.#value(draft, depth)) return false;
      draft.texts[key] = this.#raw(start);
    } else return this.#other(draft, depth, 'field-unreadable', key);
    const text = draft.texts[key];
    if (key === 'time' && text !== '' && parseRecordTime(text) === undefined)
      this.#unreadable(
        draft,
        start,
        `The time ${JSON.stringify(shown(text))} cannot be read in one way only; the record is kept without it.`,
      );
    return true;
  }

  #version(draft: Draft, depth: number, key: 'version' | 'flowlogversion', own: boolean): boolean {
    const start = this.#at;
    if (!this.#value(draft, depth)) return false;
    const format = formatOf(key, this.#raw(start));
    draft.version ??= format;
    if (own && format === undefined && !this.#isEmpty(start))
      this.#unreadable(
        draft,
        start,
        `The version ${shown(this.#raw(start))} is not known; tuples are read by their form.`,
      );
    return true;
  }

  /** A container of flows: a list or an object, searched for known keys. */
  #flows(draft: Draft, depth: number, key: Key): boolean {
    const b = this.#bytes[this.#at];
    if (b === openBrace || b === openBracket) return this.#value(draft, depth, key);
    return this.#other(draft, depth, 'flows-unreadable', key);
  }

  /** A value of a type that `key` never has: skipped, and reported unless it is empty. */
  #other(draft: Draft, depth: number, reason: 'field-unreadable' | 'flows-unreadable', key: Key): boolean {
    const start = this.#at;
    // The report covers the whole value, so nothing in it is final before its end.
    this.#inside++;
    const whole = this.#value(draft, depth);
    this.#inside--;
    if (!whole) return false;
    if (this.#isEmpty(start)) return true;
    const what = `${shown(this.#raw(start))} under the key ${key} is of a type that flow logs do not have there`;
    if (reason === 'field-unreadable') this.#unreadable(draft, start, `${what}; the record is kept without it.`);
    else this.#reject(start, this.#at, reason, `${what}; it is not read.`);
    return true;
  }

  /** Reports the value from `start` to `#at`, a field of the draft's record. */
  #unreadable(draft: Draft, start: number, detail: string): void {
    // A number can continue after the end of the input.
    if (this.#at >= this.#end) return;
    const { rejections } = this.#log;
    this.#reject(start, this.#at, 'field-unreadable', detail);
    draft.unreadable.push(rejections[rejections.length - 1]);
  }

  /** Whether the value from `start` to `#at` is empty: null, or an empty text, list or object. */
  #isEmpty(start: number): boolean {
    const bytes = this.#bytes;
    const b = bytes[start];
    if (b === quote) return this.#at === start + 2;
    if (b === openBrace || b === openBracket) return skipSpace(bytes, start + 1, this.#end) === this.#at - 1;
    return this.#raw(start) === 'null';
  }

  /** The bytes from `start` to `#at` as text, shortened. */
  #raw(start: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(start, Math.min(this.#at, start + rawBytesMax)));
  }

  /** An array of records, or one record without brackets. */
  #records(draft: Draft, depth: number, frame: 'records' | 'others'): boolean {
    if (this.#bytes[this.#at] === openBracket) this.#at++;
    draft.hasRecords = true;
    const inside = isEnvelope(draft) ? 0 : 1;
    this.#inside += inside;
    this.#frames.push(frame);
    const outside = this.#frames.length - 1;
    this.#elements(depth + 1, false);
    this.#frames.length = outside;
    this.#inside -= inside;
    if (inside > 0) return true;
    this.#logDraft.sealGroups();
    if (!this.#logDraft.isOpen) this.#settle(true);
    return true;
  }

  /**
   * Whether an object begins at `at` whose first key is one of a record: arrays with other names (`value`) contain
   * records, too.
   */
  #beginsRecord(at: number): boolean {
    if (this.#bytes[at] !== openBrace) return false;
    const key = skipSpace(this.#bytes, at + 1, this.#end);
    return this.#bytes[key] === quote && recordKeys.has(keyAt(this.#bytes, key, this.#end));
  }

  /**
   * Tuples: a list of texts, or one text, which some list tools produce. The values of `"flow.0":"…"`, `"flow.1":"…"`
   * in one object (`scope`) are one group.
   */
  #flowTuples(draft: Draft, depth: number, scope: Scope | undefined): boolean {
    const b = this.#bytes[this.#at];
    const isText = b === quote && this.#bytes[this.#at + 1] !== quote;
    if (!isText && b !== openBracket) return this.#other(draft, depth, 'flows-unreadable', 'flowtuples');
    let group = scope?.group ?? -1;
    if (group < 0) group = this.#logDraft.groupOf(draft, this.#at);
    if (scope !== undefined) scope.group = group;
    return this.#behind(isText ? this.#tuples.single(this.#at, group) : this.#tuples.array(this.#at + 1, group));
  }

  /** Continues after the tuple reader. */
  #behind(position: number): boolean {
    this.#at = position < 0 ? ~position : position;
    if (position >= 0) return true;
    return this.#bytes[this.#at] === quote ? this.#fail('truncated') : this.#fail();
  }

  /** Any value; objects and arrays are searched for known keys. `of` is the known key of the value. */
  #value(draft: Draft, depth: number, of?: Key): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    const b = bytes[start];
    if (b === quote) {
      if (!this.#string()) return false;
      this.#checkText(start);
      return true;
    }
    if (b === openBrace) return this.#object(draft, depth + 1, false, of);
    if (b === openBracket) return this.#array(draft, depth + 1, of);
    while (this.#at < this.#end && isLiteral(bytes[this.#at])) this.#at++;
    return this.#at > start || this.#fail();
  }

  /** A list; if it contains tuples, all of it is reported. */
  #array(draft: Draft, depth: number, of: Key | undefined): boolean {
    if (depth > limits.flowLogDepthMax) return this.#fail('nested-too-deep');
    const bytes = this.#bytes;
    this.#frames.push('array');
    const start = this.#at++;
    let misplaced = false;
    let read = true;
    for (;;) {
      this.#at = skipSpace(bytes, this.#at, this.#end);
      const b = bytes[this.#at];
      if (b === closeBracket) break;
      if (looksLikeTuple(bytes, this.#at)) {
        read = this.#string();
        misplaced ||= read;
      } else read = of === undefined ? this.#value(draft, depth) : this.#flows(draft, depth, of);
      if (!read || !this.#separator(closeBracket)) {
        read = false;
        break;
      }
    }
    if (read) {
      this.#at++;
      this.#frames.pop();
    }
    if (misplaced) this.#reject(start, this.#at, 'tuples-misplaced');
    return read;
  }

  /** Reports a tuple in the text of another field: the string from `start` to `#at`. */
  #checkText(start: number): void {
    if (looksLikeTuple(this.#bytes, start)) this.#reject(start, this.#at, 'tuples-misplaced');
  }

  /** Skips a string from its opening quote. */
  #string(): boolean {
    const end = stringEnd(this.#bytes, this.#at + 1, this.#end);
    if (end < 0) return this.#fail('truncated');
    this.#stringStart = this.#at;
    this.#at = end + 1;
    this.#stringEnd = this.#at;
    return true;
  }

  /**
   * Fails at `#at`, or at the string if only a string is before it: the string may have lost its closing quote and have
   * ended at the opening quote of the next one.
   */
  #failBehindString(): boolean {
    if (this.#at < this.#end && skipSpace(this.#bytes, this.#stringEnd, this.#end) === this.#at)
      this.#at = this.#stringStart;
    return this.#fail();
  }

  /** The text of the string from the quote at `start` to the quote before `#at`. */
  #text(start: number): string {
    const text = this.#texts.text(this.#bytes, start + 1, this.#at - 1);
    if (text !== undefined) return text;
    this.#reject(start, this.#at, 'text-malformed');
    return new TextDecoder().decode(this.#bytes.subarray(start + 1, this.#at - 1));
  }

  /** One flow as one flat object: a record with one tuple. False if it is not one. */
  #flatEvent(draft: Draft): boolean {
    const { records, groups } = this.#log;
    const place = { start: draft.startByte, end: this.#at };
    const event = parseFlatEvent(this.#bytes, place.start, place.end);
    if (event === undefined || !this.#tuples.text(event.tuple, groups.length, place)) return false;
    for (const { key, start, end } of event.unreadable)
      if (key !== 'mac')
        this.#reject(
          start,
          end,
          'field-unreadable',
          `The value under ${key} is not a text; the record is kept without it.`,
        );
    const { rule, aclId, time, resourceId, flowLogGuid, targetResourceId } = event;
    const mac = parseMac(event.mac) ?? event.mac;
    groups.push({ record: records.length, rule, aclId, mac });
    const record = this.#logDraft.record(draft, this.#at);
    records.push({
      ...record,
      format: 'vnet',
      time,
      timeMillis: Number.NaN,
      resourceId,
      macAddress: mac,
      flowLogGuid,
      targetResourceId,
    });
    return true;
  }

  /** A flow log in a JSON string, as forwarders wrap events. True if it contained a record. */
  #embeddedLog(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const first = bytes[skipSpace(bytes, start, end)];
    if ((first !== openBrace && first !== openBracket) || this.#embedding >= embeddingMax) return false;
    const text = stringText(bytes, start, end);
    if (text === undefined || !text.includes('flow')) return false;
    const before = this.#log.records.length;
    const range = this.#logDraft.embedded ?? { startByte: start - 1, endByte: end + 1 };
    const inner = new LogDraft(this.#log, range);
    new Decoder(new TextEncoder().encode(text), inner, this.#scanner, this.#embedding + 1).decode();
    return this.#log.records.length > before;
  }

  #fail(fault?: RejectionReason): false {
    this.#fault = fault ?? (this.#at >= this.#end ? 'truncated' : 'syntax');
    return false;
  }

  #reject(startByte: number, endByte: number, reason: RejectionReason, detail?: string): void {
    this.#logDraft.reject(startByte, endByte, reason, detail);
  }
}

/** Nesting depth of JSON texts inside JSON texts. */
const embeddingMax = 3;

/** Letters, digits, `+`, `-` and `.`: the characters of numbers, `true`, `false`, `null`. */
function isLiteral(b: number): boolean {
  return (b >= 0x30 && b <= 0x39) || ((b | 32) >= 0x61 && (b | 32) <= 0x7a) || b === 0x2b || b === 0x2d || b === 0x2e;
}

/** A string that begins with the time of a tuple: 9 to 14 digits and a comma. */
function looksLikeTuple(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== quote) return false;
  let end = at + 1;
  while (end <= at + 15 && bytes[end] >= 0x30 && bytes[end] <= 0x39) end++;
  return bytes[end] === comma && end >= at + 10 && end <= at + 15;
}

/** A value as shown in messages. */
function shown(value: string): string {
  const line = value.replace(/\p{Cc}+/gu, ' ');
  return line.length > shownCharsMax ? `${line.slice(0, shownCharsMax)}…` : line;
}

const shownCharsMax = 40;
/** Bytes of a value that are shown or compared. */
const rawBytesMax = 200;

function isByteOrderMark(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf;
}
