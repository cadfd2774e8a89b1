import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ErrorBody } from '../api/client.ts';
import { ApiError, requestJson } from '../api/client.ts';
import type { KeyAction } from '../shell/keyboard.ts';
import { useKeyAction } from '../shell/keyboard.ts';
import { useParameters } from '../url/use-parameters.ts';
import type { QueryEditor } from './editor.ts';
import { partsOf } from './terms.ts';

const hint = 'Filter, for example  dst.port in (22, 3389) and access = deny';

/** The filter of all pages. Until it has the focus it is plain text on chips; then the editor is loaded. */
export function QueryBar(): ReactNode {
  const { values, change } = useParameters();
  const [isOpen, setOpen] = useState(false);
  const [mistake, setMistake] = useState<ErrorBody>();
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<QueryEditor>(undefined);
  const { q } = values;

  const run = useRef<(text: string) => void>(() => undefined);
  run.current = (text) => void check(text);
  const check = async (text: string): Promise<void> => {
    const written = text.trim();
    try {
      if (written !== '') await requestJson('filter', { body: { text: written } });
      setMistake(undefined);
      editor.current?.underline([]);
      if (written !== q) change({ q: written, lang: 'filter', sel: '' });
    } catch (error) {
      // The picture of the last right filter stays.
      if (error instanceof ApiError) setMistake(error.body);
    }
  };
  useEffect(() => {
    const { offset, length } = mistake?.position ?? {};
    if (mistake !== undefined && offset !== undefined)
      editor.current?.underline([{ from: offset, to: offset + (length ?? 1), message: mistake.message }]);
  }, [mistake]);
  useEffect(() => {
    editor.current?.write(q);
    setMistake(undefined);
  }, [q]);
  // A filter of an address may be wrong.
  const read = useQuery({
    queryKey: ['filter', q],
    queryFn: ({ signal }) => requestJson('filter', { body: { text: q }, signal }),
    enabled: q !== '' && values.lang === 'filter',
    staleTime: Infinity,
  });
  const shown = mistake ?? (read.error instanceof ApiError ? read.error.body : undefined);

  useEffect(() => {
    if (!isOpen || place.current === null || editor.current !== undefined) return;
    const parent = place.current;
    void import('./editor.ts').then(({ QueryEditor: Editor }) => {
      editor.current = new Editor({
        parent,
        text: q,
        language: 'filter',
        placeholder: hint,
        onRun: (text) => run.current(text),
        onChange: () => undefined,
        onEscape: () => {
          editor.current?.write(q);
          setMistake(undefined);
          (document.activeElement as HTMLElement | null)?.blur();
        },
      });
      editor.current.focus();
    });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- The editor is made once; its text follows the address above.
  }, [isOpen]);
  useEffect(() => () => editor.current?.close(), []);
  const open = useCallback(() => {
    setOpen(true);
    editor.current?.focus();
  }, []);
  const onKey = useCallback((action: KeyAction) => action.kind === 'filter' && open(), [open]);
  useKeyAction(onKey);

  const fix = shown?.fix;
  return (
    <div className="query-box" role="search" aria-label="Filter">
      <div className="header-box query-line">
        {isOpen ? (
          <div ref={place} className="query-editor" />
        ) : (
          <button type="button" className="query-still" onClick={open} onFocus={open}>
            {q === '' ? (
              <span className="muted">{hint}</span>
            ) : (
              <>
                <span className="hidden-label">Filter: </span>
                <Chips text={q} />
              </>
            )}
          </button>
        )}
        {q === '' ? (
          <kbd className="keys">/</kbd>
        ) : (
          <button
            type="button"
            className="step-button"
            aria-label="Remove the filter"
            onClick={() => change({ q: '', sel: '' })}
          >
            <X className="icon" aria-hidden />
          </button>
        )}
      </div>
      {shown !== undefined && (
        <p className="query-mistake" role="alert">
          {shown.message.split('\n')[0]}
          {fix !== undefined && (
            <button type="button" className="link-button" onClick={() => change({ q: fix, lang: 'filter' })}>
              Fix
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function Chips({ text }: { readonly text: string }): ReactNode {
  const parts = partsOf(text);
  return parts.map(({ from, to, kind }) => (
    <bdi key={from} className={kind === 'test' ? 'query-chip' : 'query-joint'}>
      {text.slice(from, to)}
    </bdi>
  ));
}
