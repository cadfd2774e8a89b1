import { ViewEngine } from './view-engine.ts';
import type { Engine } from './engine.ts';

/** An engine for trees that read no table. */
export function openEngineWithoutLake(): Engine {
  return new ViewEngine(undefined);
}
