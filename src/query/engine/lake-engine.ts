import type { NameSource } from '../../enrich/names.ts';
import type { ViewSettings } from '../../lake/flows/view.ts';
import { LakeView } from '../../lake/flows/view.ts';
import type { Lake } from '../../lake/lake.ts';
import type { Engine } from './engine.ts';
import { openMovableEngine } from './moved-engine.ts';

/** An engine over the newest version of a lake. Later commits do not change its answers. @throws not-found, lake-invalid */
export async function openLakeEngine(lake: Lake, settings?: ViewSettings, names?: NameSource): Promise<Engine> {
  return openMovableEngine(await LakeView.open(lake, settings), names);
}
