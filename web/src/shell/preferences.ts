/** The reader's choices, kept by this browser. */
import { useSyncExternalStore } from 'react';

export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  readonly density: 'compact' | 'normal' | 'roomy';
  /** Single keys act (WCAG 2.1.4). */
  readonly singleKeys: boolean;
}

const place = 'nsgflow';
const initial: Preferences = { theme: 'system', density: 'normal', singleKeys: true };
const rowHeights = { compact: 24, normal: 28, roomy: 36 } as const;

let current = read();
const listeners = new Set<() => void>();

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

export function changePreferences(changes: Partial<Preferences>): void {
  current = { ...current, ...changes };
  try {
    localStorage.setItem(place, JSON.stringify(current));
  } catch {
    // The choice lasts as long as the page.
  }
  applyPreferences();
  for (const listener of listeners) listener();
}

export function applyPreferences(): void {
  const { dataset, style } = document.documentElement;
  if (current.theme === 'system') delete dataset['theme'];
  else dataset['theme'] = current.theme;
  style.setProperty('--row', `${rowHeightOf(current) / 16}rem`);
}

/** Pixels of a row of a table. */
export function rowHeightOf({ density }: Preferences): number {
  return rowHeights[density];
}

export function preferences(): Preferences {
  return current;
}

function read(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(place) ?? '{}') as Partial<Preferences>;
    return {
      theme: kept.theme === 'light' || kept.theme === 'dark' ? kept.theme : 'system',
      density: kept.density === 'compact' || kept.density === 'roomy' ? kept.density : 'normal',
      singleKeys: kept.singleKeys !== false,
    };
  } catch {
    return initial;
  }
}
