import type { OpenOptions } from '../../lake/lake.ts';
import { tell } from '../output/printable.ts';

/** How commands open a lake that they change. */
export const writing: OpenOptions = { write: true, onMoved: (sentence) => tell(`note: ${sentence}`) };
