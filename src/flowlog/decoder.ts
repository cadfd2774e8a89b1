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
import { quote, skipSpace, stringText, TextCache } from './json-bytes.ts';
import { closeBrace, closeBracket, colon, comma, JsonCursor, openBrace, openBracket } from './json-cursor.ts';
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

export class Decoder {
  readonly #cursor: JsonCursor;
  readonly #logDraft: LogDraft;
  readonly #log: MutableLog;
  readonly #scanner: TupleScanner;
  readonly #embedding: number;
  readonly #texts = new TextCache();
  readonly #tuples: TupleReader;
  /** Open brackets, and how many of them belong to a possible record. */
  readonly #frames: Frame[] = [];
  #inside = 0;

  /** Decodes into `draft`; `embedding` texts are around this one. */
  constructor(bytes: Uint8Array, draft: LogDraft, scanner: TupleScanner, embedding = 0) {
    const { log } = draft;
    this.#cursor = new JsonCursor(bytes);
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
   * Marks everything before the cursor as final.
   * @param behind whether the records of the innermost object have been read
   */
  #settle(behind = false): void {
    const cursor = this.#cursor;
    if (this.#inside === 0) this.#logDraft.settle(cursor.at, this.#frames, behind);
  }

  /** Objects that may be records, up to the end of the array, or of the input at the top level. */
  #elements(depth: number, top: boolean): void {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const frames = this.#frames;
    const outside = frames.length;
    for (;;) {
      cursor.at = skipSpace(bytes, cursor.at, cursor.end);
      if (cursor.at >= cursor.end) {
        if (!top && !this.#logDraft.isOpen) {
          this.#settle();
          this.#logDraft.isOpen = true;
        }
        return;
      }
      const b = bytes[cursor.at];
      if (b === openBrace) {
        this.#settle();
        if (top || !this.#skipEnvelope()) this.#candidate(depth);
        else frames.push('array');
      } else if (b === comma) cursor.at++;
      else if (b === openBracket) {
        cursor.at++;
        if (!top) frames.push('array');
      } else if (b === closeBracket) {
        cursor.at++;
        if (frames.length > outside) frames.pop();
        else if (!top) return;
      } else if (b === closeBrace) {
        if (!top) return;
        cursor.at++;
      } else if (b === quote && keyAt(bytes, cursor.at, cursor.end) === 'records') {
        cursor.at = bytes.indexOf(colon, cursor.at) + 1;
      } else if (isByteOrderMark(bytes, cursor.at)) cursor.at += 3;
      else {
        const from = cursor.at;
        this.#settle();
        cursor.at = resync(bytes, from, undefined).at;
        this.#logDraft.isOpen ||= cursor.at >= cursor.end;
        const isUtf16 = from === 0 && utf16Of(bytes) !== undefined;
        this.#reject(
          from,
          cursor.at,
          'syntax',
          isUtf16 ? 'The bytes are UTF-16, and a flow log must be UTF-8.' : undefined,
        );
      }
    }
  }

  /** Skips `{"records":[` inside an array of records, as in damaged and concatenated blobs. */
  #skipEnvelope(): boolean {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const at = skipSpace(bytes, cursor.at + 1, cursor.end);
    if (bytes[at] !== quote || keyAt(bytes, at, cursor.end) !== 'records') return false;
    const value = skipSpace(bytes, bytes.indexOf(colon, at) + 1, cursor.end);
    if (bytes[value] !== openBracket) return false;
    cursor.at = value + 1;
    return true;
  }

  /** An object in the place of a record: a record, an envelope, an event, or another object. */
  #candidate(depth: number): void {
    const cursor = this.#cursor;
    const startByte = cursor.at;
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
      const from = cursor.at;
      if (draft.hasRecords && from >= cursor.end) break;
      const next = resync(cursor.bytes, Math.max(from, parsedFrom + 1), draft.groupKey);
      reason = cursor.fault === 'truncated' && next.at < cursor.end ? 'syntax' : cursor.fault;
      cursor.at = next.at;
      this.#reject(from, next.at, reason);
      if (!next.inRecord) break;
      parsedFrom = next.at;
      whole = this.#strayGroups(draft, depth);
    }
    this.#frames.length = frames;
    this.#logDraft.isOpen ||= wasLost && cursor.at >= cursor.end;
    const named = Object.keys(draft.texts).length > 0;
    const known = draft.version !== undefined || isFlowCategory(draft.texts.category);
    if (whole && draft.hasFlows && known) this.#logDraft.recordOf(draft, cursor.at);
    if (draft.record < 0 && draft.hasRecords) this.#logDraft.forget(draft.unreadable, rejectionsBefore);
    if (draft.record >= 0 && (named || draft.hasRecords)) this.#logDraft.finish(draft, cursor.at);
    else if (!draft.hasRecords && !(whole && draft.isFlat && this.#flatEvent(draft))) {
      if (draft.record >= 0) this.#logDraft.discard(draft);
      rejections.length = Math.min(rejections.length, rejectionsBefore);
      this.#reject(startByte, cursor.at, reason);
    }
  }

  /** Rules (NSG) or ACLs (VNet) of a record whose surrounding structure was lost. */
  #strayGroups(draft: Draft, depth: number): boolean {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    for (;;) {
      if (!this.#object(draft, depth + 1, false)) return false;
      let b = 0;
      for (; cursor.at < cursor.end; cursor.at++) {
        b = bytes[cursor.at];
        if (b !== comma && b !== closeBracket && b !== closeBrace && b > 0x20) break;
      }
      if (cursor.at >= cursor.end) return true;
      if (b !== openBrace) return cursor.fail();
      const key = skipSpace(bytes, cursor.at + 1, cursor.end);
      if (!cursor.isKeyCut(key) && keyAt(bytes, key, cursor.end) !== draft.groupKey) return true;
    }
  }

  /**
   * Reads one object from its brace; its rule, ACL and MAC apply to the groups inside it. False if the structure is
   * lost, at the cursor.
   */
  #object(draft: Draft, depth: number, outermost: boolean, of?: Key): boolean {
    const cursor = this.#cursor;
    if (depth > limits.flowLogDepthMax) return cursor.fail('nested-too-deep');
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
    const cursor = this.#cursor;
    const { bytes } = cursor;
    cursor.at++;
    for (;;) {
      const b = cursor.next();
      if (b === closeBrace) {
        cursor.at++;
        return true;
      }
      if (b !== quote) return cursor.fail();
      const keyStart = cursor.at + 1;
      if (!cursor.string()) return false;
      const keyEnd = cursor.at - 1;
      if (cursor.next() !== colon) return cursor.failBehindString();
      cursor.at = skipSpace(bytes, cursor.at + 1, cursor.end);
      const key = keyOf(bytes, keyStart, keyEnd);
      const isEvent = key === undefined && isTupleKey(bytes, keyStart, keyEnd);
      const read = isEvent ? this.#flowTuples(draft, depth, scope) : this.#member(draft, scope, depth, outermost, key);
      if (!read || !cursor.separator(closeBrace)) return false;
    }
  }

  /** Reads the value at the cursor. An invalid type for a known key is reported; unknown keys are skipped. */
  #member(draft: Draft, scope: Scope, depth: number, outermost: boolean, key: Key | undefined): boolean {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const start = cursor.at;
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
        if (!cursor.string()) return false;
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
        if (!cursor.string()) return false;
        if (this.#embeddedLog(start + 1, cursor.at - 1)) draft.hasRecords = true;
        else this.#checkText(start);
        return true;
      case undefined:
        if (b === openBracket && this.#beginsRecord(skipSpace(bytes, start + 1, cursor.end)))
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
    const cursor = this.#cursor;
    const start = cursor.at;
    const b = cursor.bytes[start];
    if (b === quote) {
      if (!cursor.string()) return false;
      draft.texts[key] = this.#text(start);
      this.#checkText(start);
    } else if (key === 'time' && b >= 0x30 && b <= 0x39) {
      if (!this.#value(draft, depth)) return false;
      draft.texts[key] = cursor.raw(start);
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
    const cursor = this.#cursor;
    const start = cursor.at;
    if (!this.#value(draft, depth)) return false;
    const format = formatOf(key, cursor.raw(start));
    draft.version ??= format;
    if (own && format === undefined && !cursor.isEmpty(start))
      this.#unreadable(
        draft,
        start,
        `The version ${shown(cursor.raw(start))} is not known; tuples are read by their form.`,
      );
    return true;
  }

  /** A container of flows: a list or an object, searched for known keys. */
  #flows(draft: Draft, depth: number, key: Key): boolean {
    const cursor = this.#cursor;
    const b = cursor.bytes[cursor.at];
    if (b === openBrace || b === openBracket) return this.#value(draft, depth, key);
    return this.#other(draft, depth, 'flows-unreadable', key);
  }

  /** A value of a type that `key` never has: skipped, and reported unless it is empty. */
  #other(draft: Draft, depth: number, reason: 'field-unreadable' | 'flows-unreadable', key: Key): boolean {
    const cursor = this.#cursor;
    const start = cursor.at;
    // The report covers the whole value, so nothing in it is final before its end.
    this.#inside++;
    const whole = this.#value(draft, depth);
    this.#inside--;
    if (!whole) return false;
    if (cursor.isEmpty(start)) return true;
    const what = `${shown(cursor.raw(start))} under the key ${key} is of a type that flow logs do not have there`;
    if (reason === 'field-unreadable') this.#unreadable(draft, start, `${what}; the record is kept without it.`);
    else this.#reject(start, cursor.at, reason, `${what}; it is not read.`);
    return true;
  }

  /** Reports the value from `start` to the cursor, a field of the draft's record. */
  #unreadable(draft: Draft, start: number, detail: string): void {
    const cursor = this.#cursor;
    // A number can continue after the end of the input.
    if (cursor.at >= cursor.end) return;
    const { rejections } = this.#log;
    this.#reject(start, cursor.at, 'field-unreadable', detail);
    draft.unreadable.push(rejections[rejections.length - 1]);
  }

  /** An array of records, or one record without brackets. */
  #records(draft: Draft, depth: number, frame: 'records' | 'others'): boolean {
    const cursor = this.#cursor;
    if (cursor.bytes[cursor.at] === openBracket) cursor.at++;
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
    const cursor = this.#cursor;
    if (cursor.bytes[at] !== openBrace) return false;
    const key = skipSpace(cursor.bytes, at + 1, cursor.end);
    return cursor.bytes[key] === quote && recordKeys.has(keyAt(cursor.bytes, key, cursor.end));
  }

  /**
   * Tuples: a list of texts, or one text, which some list tools produce. The values of `"flow.0":"…"`, `"flow.1":"…"`
   * in one object (`scope`) are one group.
   */
  #flowTuples(draft: Draft, depth: number, scope: Scope | undefined): boolean {
    const cursor = this.#cursor;
    const b = cursor.bytes[cursor.at];
    const isText = b === quote && cursor.bytes[cursor.at + 1] !== quote;
    if (!isText && b !== openBracket) return this.#other(draft, depth, 'flows-unreadable', 'flowtuples');
    let group = scope?.group ?? -1;
    if (group < 0) group = this.#logDraft.groupOf(draft, cursor.at);
    if (scope !== undefined) scope.group = group;
    return this.#behind(isText ? this.#tuples.single(cursor.at, group) : this.#tuples.array(cursor.at + 1, group));
  }

  /** Continues after the tuple reader. */
  #behind(position: number): boolean {
    const cursor = this.#cursor;
    cursor.at = position < 0 ? ~position : position;
    if (position >= 0) return true;
    return cursor.bytes[cursor.at] === quote ? cursor.fail('truncated') : cursor.fail();
  }

  /** Any value; objects and arrays are searched for known keys. `of` is the known key of the value. */
  #value(draft: Draft, depth: number, of?: Key): boolean {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const start = cursor.at;
    const b = bytes[start];
    if (b === quote) {
      if (!cursor.string()) return false;
      this.#checkText(start);
      return true;
    }
    if (b === openBrace) return this.#object(draft, depth + 1, false, of);
    if (b === openBracket) return this.#array(draft, depth + 1, of);
    return cursor.literal();
  }

  /** A list; if it contains tuples, all of it is reported. */
  #array(draft: Draft, depth: number, of: Key | undefined): boolean {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    if (depth > limits.flowLogDepthMax) return cursor.fail('nested-too-deep');
    this.#frames.push('array');
    const start = cursor.at++;
    let misplaced = false;
    let read = true;
    for (;;) {
      const b = cursor.next();
      if (b === closeBracket) break;
      if (looksLikeTuple(bytes, cursor.at)) {
        read = cursor.string();
        misplaced ||= read;
      } else read = of === undefined ? this.#value(draft, depth) : this.#flows(draft, depth, of);
      if (!read || !cursor.separator(closeBracket)) {
        read = false;
        break;
      }
    }
    if (read) {
      cursor.at++;
      this.#frames.pop();
    }
    if (misplaced) this.#reject(start, cursor.at, 'tuples-misplaced');
    return read;
  }

  /** Reports a tuple in the text of another field: the string from `start` to the cursor. */
  #checkText(start: number): void {
    const cursor = this.#cursor;
    if (looksLikeTuple(cursor.bytes, start)) this.#reject(start, cursor.at, 'tuples-misplaced');
  }

  /** The text of the string from the quote at `start` to the quote before the cursor. */
  #text(start: number): string {
    const cursor = this.#cursor;
    const text = this.#texts.text(cursor.bytes, start + 1, cursor.at - 1);
    if (text !== undefined) return text;
    this.#reject(start, cursor.at, 'text-malformed');
    return new TextDecoder().decode(cursor.bytes.subarray(start + 1, cursor.at - 1));
  }

  /** One flow as one flat object: a record with one tuple. False if it is not one. */
  #flatEvent(draft: Draft): boolean {
    const cursor = this.#cursor;
    const { records, groups } = this.#log;
    const place = { start: draft.startByte, end: cursor.at };
    const event = parseFlatEvent(cursor.bytes, place.start, place.end);
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
    const record = this.#logDraft.record(draft, cursor.at);
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
    const cursor = this.#cursor;
    const { bytes } = cursor;
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

  #reject(startByte: number, endByte: number, reason: RejectionReason, detail?: string): void {
    this.#logDraft.reject(startByte, endByte, reason, detail);
  }
}

/** Nesting depth of JSON texts inside JSON texts. */
const embeddingMax = 3;

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
function isByteOrderMark(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf;
}
