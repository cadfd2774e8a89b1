import { Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { useId, useState } from 'react';
import { Dialog } from 'react-aria-components';
import { useParameters } from '../url/use-parameters.ts';
import { entityAddress } from '../values/entities.ts';
import { andTerm, term } from '../values/terms.ts';
import { pages } from './pages.ts';

interface Place {
  readonly label: string;
  readonly detail: string;
  readonly go: () => void;
}

/** Pages by name; anything else that is typed is an address, a port or a rule to look for. */
export function Palette({ close }: { readonly close: () => void }): ReactNode {
  const { values, go } = useParameters();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const listId = useId();
  const typed = text.trim();
  const found: Place[] = pages
    .filter(({ name, sentence }) => `${name} ${sentence}`.toLowerCase().includes(typed.toLowerCase()))
    .map(({ name, sentence, path }) => ({ label: name, detail: sentence, go: () => go(path) }));
  if (typed !== '') {
    const field = fieldOf(typed);
    const entity = entityAddress(field, typed);
    if (entity !== undefined)
      found.push({ label: typed, detail: 'What it is, and whom it talks to', go: () => go(entity) });
    const added = term(field, typed);
    found.push({
      label: `Flows with ${added}`,
      detail: 'Joined to the filter',
      go: () => go('/flows', { lang: 'filter', q: andTerm(values.lang === 'filter' ? values.q : '', added) }),
    });
  }
  const chosen = Math.min(at, found.length - 1);
  const follow = (place: Place | undefined): void => {
    if (place === undefined) return;
    close();
    place.go();
  };
  return (
    <Dialog className="palette" aria-label="Go to">
      <div className="palette-input">
        <Search className="icon" aria-hidden />
        <input
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- The dialog was opened to type here.
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={chosen < 0 ? undefined : `${listId}-${chosen}`}
          aria-label="Page, address, port or rule"
          placeholder="Page, address, port or rule"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') setAt(Math.min(chosen + 1, found.length - 1));
            else if (event.key === 'ArrowUp') setAt(Math.max(chosen - 1, 0));
            else if (event.key === 'Enter') follow(found[chosen]);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <div role="listbox" id={listId} aria-label="Found" className="menu">
        {found.map((place, index) => (
          <div
            key={place.label}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            data-focused={index === chosen || undefined}
            className="menu-item"
            onPointerMove={() => setAt(index)}
            onClick={() => follow(place)}
          >
            <span>{place.label}</span>
            <span className="spread" />
            <span className="small muted">{place.detail}</span>
          </div>
        ))}
      </div>
    </Dialog>
  );
}

function fieldOf(text: string): string {
  if (/^\d{1,5}$/.test(text)) return 'port';
  if (/^[\d.:a-f]+(?:\/\d+)?$/i.test(text) && /[.:]/.test(text)) return 'ip';
  return 'rule';
}
