import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { KeyAction } from '../shell/keyboard.ts';
import { useKeyAction } from '../shell/keyboard.ts';
import { useParameters } from '../url/use-parameters.ts';

export function QueryBar(): ReactNode {
  const { values, change } = useParameters();
  const [text, setText] = useState(values.q);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setText(values.q), [values.q]);
  const onKey = useCallback((action: KeyAction) => action.kind === 'filter' && input.current?.focus(), []);
  useKeyAction(onKey);
  return (
    <form
      className="header-box query-box"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        change({ q: text.trim(), sel: '' });
      }}
    >
      <input
        ref={input}
        className="query-input"
        aria-label="Filter"
        placeholder="Filter, for example  dst.port in (22, 3389) and access = deny"
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          setText(values.q);
          input.current?.blur();
        }}
      />
      {values.q === '' ? (
        <kbd className="keys">/</kbd>
      ) : (
        <button type="button" className="step-button" aria-label="Remove the filter" onClick={() => change({ q: '' })}>
          <X className="icon" aria-hidden />
        </button>
      )}
    </form>
  );
}
