/**
 * Where the end of an input cuts a flow log. A log may be read in pieces: what lies before the cut is settled, whatever follows; what begins there
 * is read again with the bytes that follow. Brackets that are open at the cut are opened again by a short head:
 *
 *   first piece     {"records":[{…record…},{…reco           cut at the second record, head {"records":[
 *   second piece    {"records":[ + {…record…}]}
 */
import type { Key } from './keys.ts';
import type { Draft } from './record-draft.ts';

/** What an object says about the tuples inside it; '' where it says nothing. */
export interface Scope {
  rule: string;
  aclId: string;
  mac: string;
  /** Group of this object's own tuples (`flow.0`), -1 where there is none yet. */
  group: number;
  /** The known key that the object is the value of, or an element of. */
  readonly of: Key | undefined;
  /** Of the outermost object of a record or envelope. */
  readonly draft: Draft | undefined;
}

/** A bracket that is open: an object, an array, or an array in which records stand: under their key, or under another one. */
export type Frame = Scope | 'array' | 'records' | 'others';

/** Brackets, and characters of texts, that a head may hold. Deeper in, nothing is settled before the brackets close. */
const framesMax = 200;
const headTextsMax = 4096;

/** Whether records in this object may be settled before it ends: it is no record itself so far. */
export function isEnvelope(draft: Draft): boolean {
  return draft.record < 0 && !draft.hasFlows && !draft.isFlat && draft.groupKey === undefined;
}

/** The head that opens these brackets; `undefined` where it would be too long. @param behind the records of the innermost object are passed */
export function headOf(frames: readonly Frame[], behind: boolean): string | undefined {
  if (frames.length > framesMax) return undefined;
  let head = '';
  let room = headTextsMax;
  for (const [i, frame] of frames.entries()) {
    if (typeof frame === 'string') {
      head += '[';
      continue;
    }
    const texts = textsOf(frame);
    for (const [key, text] of texts) room -= key.length + text.length;
    if (room < 0) return undefined;
    const members = texts.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)},`).join('');
    const next = frames[i + 1];
    const holdsRecords = next === undefined || next === 'records' || next === 'others';
    // Inside others, an envelope that begins with its records is not an object to the decoder; and what has records under another key may be one itself.
    const first = (i > 0 || next === 'others') && members === '' ? '"x":0,' : members;
    head += `{${first}${holdsRecords ? '"records":' : '"x":'}`;
  }
  return behind ? `${head}[]` : head;
}

function textsOf({ rule, aclId, mac, draft }: Scope): [key: string, text: string][] {
  const texts: [string, string][] = [];
  for (const [key, text] of [
    ['rule', rule],
    ['aclID', aclId],
    ['mac', mac],
  ] as const)
    if (text !== '') texts.push([key, text]);
  if (draft === undefined) return texts;
  texts.push(...Object.entries(draft.texts));
  if (draft.version === 'vnet') texts.push(['flowLogVersion', '4']);
  else if (draft.version !== undefined) texts.push(['Version', draft.version === 'nsg1' ? '1' : '2']);
  return texts;
}
