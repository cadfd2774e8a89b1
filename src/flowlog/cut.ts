/**
 * Where the end of an input cuts a flow log. A log can be read in pieces: the part before the cut is final, and the part
 * after it is read again with the following bytes. Brackets that are open at the cut are opened again by a short head:
 *
 *   first piece     {"records":[{…record…},{…reco           cut at the second record, head {"records":[
 *   second piece    {"records":[ + {…record…}]}
 */
import type { Key } from './keys.ts';
import type { Draft } from './record-draft.ts';

/** Properties that an object has for the tuples inside it; '' if absent. */
export interface Scope {
  rule: string;
  aclId: string;
  mac: string;
  /** Group of this object's own tuples (`flow.0`); -1 if there is none yet. */
  group: number;
  /** The known key of the object, or of the array that contains it. */
  readonly of: Key | undefined;
  /** The outermost object of a record or envelope. */
  readonly draft: Draft | undefined;
}

/** An open bracket: an object, an array, or an array of records, under their own key or under another one. */
export type Frame = Scope | 'array' | 'records' | 'others';

/** The most brackets and text characters in a head. At a deeper level, nothing is final before the brackets close. */
const framesMax = 200;
const headTextsMax = 4096;

/** Whether records in this object can be final before it ends: so far it is not a record itself. */
export function isEnvelope(draft: Draft): boolean {
  return draft.record < 0 && !draft.hasFlows && !draft.isFlat && draft.groupKey === undefined;
}

/**
 * The head that opens these brackets; `undefined` if it would be too long.
 * @param behind whether the records of the innermost object have been read
 */
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
    // An envelope inside other objects that begins with its records is not an object for the decoder; and an object
    // with records under another key can be a record itself.
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
