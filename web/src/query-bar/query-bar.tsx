import { useQuery } from '@tanstack/react-query';
import { ChevronDown, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ErrorBody } from '../api/client.ts';
import { ApiError, requestJson } from '../api/client.ts';
import { Button } from '../controls/button.tsx';
import { MenuButton } from '../controls/menu-button.tsx';
import type { KeyAction } from '../shell/keyboard.ts';
import { useKeyAction } from '../shell/keyboard.ts';
import { useParameters } from '../url/use-parameters.ts';
import type { Language, QueryEditor } from './editor.ts';
import { partsOf } from './terms.ts';

const languages = {
  filter: { name: 'Filter', hint: 'Filter, for example  dst.port in (22, 3389) and access = deny' },
  kql: { name: 'KQL', hint: 'Conversations | summarize flows = count() by dst_port | top 10 by flows' },
  sql: { name: 'SQL', hint: 'SELECT rule, count(*) AS tuples FROM tuples GROUP BY rule ORDER BY tuples DESC' },
} as const;

/** One bar for the filter of all pages, and for KQL and SQL. Until it has the focus it is plain text on chips; then the editor is loaded. */
export function QueryBar(): ReactNode {
  const { values } = useParameters();
  const language = values.lang === 'kql' || values.lang === 'sql' ? values.lang : 'filter';
  return <Bar key={language} language={language} />;
}

function Bar({ language }: { readonly language: Language }): ReactNode {
  const { values, change, go } = useParameters();
  const [isOpen, setOpen] = useState(language !== 'filter');
  const [mistake, setMistake] = useState<ErrorBody>();
  /** Whether somebody asked for the bar; the editor of a query is there without. */
  const isWanted = useRef(false);
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<QueryEditor>(undefined);
  const { q } = values;
  const { name, hint } = languages[language];

  const check = async (text: string): Promise<void> => {
    const written = text.trim();
    try {
      if (written !== '' && language === 'filter') await requestJson('filter', { body: { text: written } });
      setMistake(undefined);
      editor.current?.underline([]);
      if (written !== q) change({ q: written, lang: language, sel: '' });
    } catch (error) {
      // The picture of the last right filter stays.
      if (error instanceof ApiError) setMistake(error.body);
    }
  };
  const run = useRef(check);
  run.current = check;
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
    enabled: q !== '' && language === 'filter',
    staleTime: Infinity,
  });
  const shown = mistake ?? (read.error instanceof ApiError ? read.error.body : undefined);

  useEffect(() => {
    if (!isOpen || place.current === null || editor.current !== undefined) return undefined;
    const parent = place.current;
    let isGone = false;
    void import('./editor.ts').then(({ QueryEditor: Editor }) => {
      if (isGone) return;
      editor.current = new Editor({
        parent,
        text: q,
        language,
        placeholder: hint,
        onRun: (text) => void run.current(text),
        onEscape: () => {
          editor.current?.write(q);
          setMistake(undefined);
          (document.activeElement as HTMLElement | null)?.blur();
        },
      });
      if (isWanted.current) editor.current.focus();
    });
    return () => {
      isGone = true;
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- The editor is made once; its text follows the address above.
  }, [isOpen]);
  useEffect(
    () => () => {
      editor.current?.close();
      editor.current = undefined;
    },
    [],
  );
  const open = useCallback(() => {
    isWanted.current = true;
    setOpen(true);
    editor.current?.focus();
  }, []);
  const onKey = useCallback((action: KeyAction) => action.kind === 'filter' && open(), [open]);
  useKeyAction(onKey);

  const fix = shown?.fix;
  return (
    <div className="query-box" role="search" aria-label="Query">
      <div className="header-box query-line">
        <MenuButton
          label={`Language: ${name}`}
          entries={[
            { id: 'filter', label: 'Filter', detail: 'all pages', act: () => change({ lang: 'filter', q: '' }) },
            { id: 'kql', label: 'KQL', detail: 'Explore', act: () => go('/explore', { lang: 'kql', q: '' }) },
            { id: 'sql', label: 'SQL', detail: 'Explore', act: () => go('/explore', { lang: 'sql', q: '' }) },
          ]}
        >
          {name}
          <ChevronDown className="icon icon-small" aria-hidden />
        </MenuButton>
        {isOpen ? (
          <div ref={place} className="query-editor" />
        ) : (
          <button type="button" className="query-still" onClick={open}>
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
        {language !== 'filter' && (
          <Button kind="primary" onPress={() => void run.current(editor.current?.text ?? q)}>
            Run
          </Button>
        )}
        {q === '' ? (
          <kbd className="keys">/</kbd>
        ) : (
          <button
            type="button"
            className="step-button"
            aria-label="Remove the query"
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
