import { useEffect, useState } from 'react';
import { usePreferences } from '../shell/preferences.ts';
import type { Palette } from './palette.ts';

const count = (name: string, length: number): string[] => Array.from({ length }, (_, i) => `--${name}-${i + 1}`);

/** Colors that the styles of the theme name. */
function readPalette(): Palette {
  const probe = document.createElement('span');
  document.body.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const palette = {
    text: read('--text'),
    muted: read('--muted'),
    surface: read('--surface'),
    line: read('--row-line'),
    allow: read('--allow'),
    deny: read('--deny'),
    warning: read('--warning'),
    before: read('--before'),
    other: read('--other'),
    series: count('series', 10).map(read),
    sequence: count('sequence', 7).map(read),
  };
  probe.remove();
  return palette;
}

export function usePalette(): Palette {
  const { theme } = usePreferences();
  const [palette, setPalette] = useState(readPalette);
  useEffect(() => {
    const update = (): void => setPalette(readPalette());
    update();
    const query = matchMedia('(prefers-color-scheme: dark)');
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, [theme]);
  return palette;
}
