/** Keys that act everywhere. Single keys never act while somebody types, nor within a layer. */
import { useEffect } from 'react';
import { pages } from './pages.ts';
import { preferences } from './preferences.ts';

export type KeyAction =
  | { readonly kind: 'page'; readonly path: string }
  | { readonly kind: 'chart'; readonly number: number }
  | {
      readonly kind:
        | 'filter'
        | 'time'
        | 'palette'
        | 'shortcuts'
        | 'before'
        | 'after'
        | 'zoom-out'
        | 'now'
        | 'pause'
        | 'reload'
        | 'compare'
        | 'next-row'
        | 'row-before'
        | 'next-panel';
    };

const single: Readonly<Record<string, Exclude<KeyAction['kind'], 'page' | 'chart'>>> = {
  '/': 'filter',
  t: 'time',
  '?': 'shortcuts',
  '[': 'before',
  ']': 'after',
  '-': 'zoom-out',
  '0': 'now',
  p: 'pause',
  r: 'reload',
  b: 'compare',
  j: 'next-row',
  k: 'row-before',
};

/** What a key means; `isAfterG` where `g` was pressed before. */
export function actionOf(
  { key, ctrlKey, metaKey, altKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>,
  isAfterG: boolean,
): KeyAction | undefined {
  if ((ctrlKey || metaKey) && key.toLowerCase() === 'k') return { kind: 'palette' };
  if (ctrlKey || metaKey || altKey) return undefined;
  if (key === 'F6') return { kind: 'next-panel' };
  if (isAfterG) {
    const page = pages.find((one) => one.key === key);
    return page === undefined ? undefined : { kind: 'page', path: page.path };
  }
  if (/^[1-9]$/.test(key)) return { kind: 'chart', number: Number(key) };
  const kind = Object.hasOwn(single, key) ? single[key] : undefined;
  return kind === undefined ? undefined : { kind };
}

const afterGMillis = 1500;

/** Page-wide actions, also for components that stand elsewhere: they listen to the event `nsgflow-key`. */
export function useKeyboard(act: (action: KeyAction) => void): void {
  useEffect(() => {
    let pressedG = -Infinity;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      const isAfterG = event.timeStamp - pressedG < afterGMillis;
      pressedG = -Infinity;
      const action = actionOf(event, isAfterG);
      const isSingle = !event.ctrlKey && !event.metaKey && event.key !== 'F6';
      if (isSingle && (!preferences().singleKeys || isTyping(event))) return;
      if (isSingle && event.key === 'g' && !event.altKey && !isAfterG) pressedG = event.timeStamp;
      if (action === undefined) return;
      event.preventDefault();
      act(action);
      window.dispatchEvent(new CustomEvent('nsgflow-key', { detail: action }));
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [act]);
}

/** Calls back for actions of one part of a page, such as the next row of its table. */
export function useKeyAction(act: (action: KeyAction) => void): void {
  useEffect(() => {
    const listen = (event: Event): void => act((event as CustomEvent<KeyAction>).detail);
    window.addEventListener('nsgflow-key', listen);
    return () => window.removeEventListener('nsgflow-key', listen);
  }, [act]);
}

function isTyping(event: KeyboardEvent): boolean {
  return event
    .composedPath()
    .some(
      (target) =>
        target instanceof HTMLElement &&
        (target.isContentEditable ||
          /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
          /^(?:dialog|menu|listbox)$/.test(target.getAttribute('role') ?? '')),
    );
}

/** The next panel after the one that has the focus. */
export function focusNextPanel(): void {
  const panels = [...document.querySelectorAll<HTMLElement>('main .panel')];
  const at = panels.findIndex((panel) => panel.contains(document.activeElement));
  panels[(at + 1) % panels.length]?.focus();
}
