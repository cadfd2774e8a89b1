import type { ReactNode } from 'react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Header as MenuHeader, Menu, MenuItem, MenuSection, Popover } from 'react-aria-components';
import { useParameters } from '../url/use-parameters.ts';
import { entityAddress } from './entities.ts';
import { andTerm, eitherSide, term, without } from './terms.ts';

interface Opened {
  readonly element: HTMLElement;
  readonly field: string;
  readonly value: string | number | boolean | null;
}

interface Item {
  readonly id: string;
  readonly label: string;
  readonly term?: string;
  readonly act: () => void;
}

/** The one menu of all values: only this, not this, either side, open, copy. */
export function ValueMenu(): ReactNode {
  const { values, change, go } = useParameters();
  const [opened, setOpened] = useState<Opened>();
  const anchor = useRef<HTMLElement | null>(null);
  const filter = values.lang === 'filter' ? values.q : '';
  const add = useMemo(
    () => (text: string) => change({ q: andTerm(filter, text), lang: 'filter', sel: '' }),
    [change, filter],
  );

  useEffect(() => {
    const valueAt = (event: Event): Opened | undefined => {
      const element = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-field]') : null;
      if (element === null) return undefined;
      return {
        element,
        field: element.dataset['field']!,
        value: JSON.parse(element.dataset['value']!) as Opened['value'],
      };
    };
    const onClick = (event: MouseEvent): void => {
      const found = valueAt(event);
      if (found === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.altKey) add(without(found.field, found.value));
      else if (event.shiftKey) add(term(found.field, found.value));
      else {
        anchor.current = found.element;
        setOpened(found);
      }
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      const found = event.key === 'Enter' && (event.shiftKey || event.altKey) ? valueAt(event) : undefined;
      if (found === undefined) return;
      event.preventDefault();
      add(event.altKey ? without(found.field, found.value) : term(found.field, found.value));
    };
    document.addEventListener('click', onClick, true);
    document.addEventListener('contextmenu', onClick, true);
    document.addEventListener('keydown', onKeyDown, true);
    return () => {
      document.removeEventListener('click', onClick, true);
      document.removeEventListener('contextmenu', onClick, true);
      document.removeEventListener('keydown', onKeyDown, true);
    };
  }, [add]);

  const items = useMemo<readonly Item[]>(() => {
    if (opened === undefined) return [];
    const { field, value } = opened;
    const only = term(field, value);
    const not = without(field, value);
    const side = eitherSide(field);
    const list: Item[] = [
      { id: 'only', label: 'Only this', term: only, act: () => add(only) },
      { id: 'not', label: 'Not this', term: not, act: () => add(not) },
    ];
    if (side !== undefined)
      list.push({ id: 'either', label: 'Either side', term: term(side, value), act: () => add(term(side, value)) });
    const entity = entityAddress(field, value);
    if (entity !== undefined) list.push({ id: 'open', label: 'Open', act: () => go(entity) });
    const flows = andTerm(filter, only);
    list.push({ id: 'flows', label: 'Its flows', act: () => go('/flows', { q: flows, lang: 'filter' }) });
    list.push({ id: 'copy', label: 'Copy', act: () => void navigator.clipboard.writeText(String(value)) });
    return list;
  }, [opened, add, filter, go]);

  return (
    <Popover
      className="layer"
      triggerRef={anchor}
      isOpen={opened !== undefined}
      onOpenChange={(isOpen) => !isOpen && setOpened(undefined)}
      placement="bottom start"
    >
      <Menu
        className="menu"
        aria-label="Value"
        autoFocus="first"
        onAction={(key) => items.find(({ id }) => id === key)?.act()}
        onClose={() => setOpened(undefined)}
      >
        <MenuSection>
          <MenuHeader className="menu-title">
            <bdi>{opened === undefined ? '' : `${opened.field}: ${String(opened.value)}`}</bdi>
          </MenuHeader>
          {items.map(({ id, label, term: text }) => (
            <MenuItem key={id} id={id} className="menu-item" textValue={label}>
              <span>{label}</span>
              {text !== undefined && <span className="term">{text}</span>}
            </MenuItem>
          ))}
        </MenuSection>
      </Menu>
    </Popover>
  );
}
