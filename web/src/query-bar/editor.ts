/** The editor of the query bar: CodeMirror within a shadow root, where its styles are sheets and no inline elements. */
import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { acceptCompletion, autocompletion, closeCompletion, startCompletion } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import type { Diagnostic } from '@codemirror/lint';
import { setDiagnostics } from '@codemirror/lint';
import type { Extension, Range } from '@codemirror/state';
import { EditorState, Prec } from '@codemirror/state';
import type { DecorationSet, ViewUpdate } from '@codemirror/view';
import { Decoration, EditorView, keymap, placeholder, ViewPlugin } from '@codemirror/view';
import { requestJson } from '../api/client.ts';
import { partsOf } from './terms.ts';

export type Language = 'filter' | 'kql' | 'sql';

export interface EditorSettings {
  readonly parent: HTMLElement;
  readonly text: string;
  readonly language: Language;
  readonly placeholder: string;
  readonly onRun: (text: string) => void;
  readonly onEscape: () => void;
}

export interface Mistake {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

interface CompletionAnswer {
  readonly from: number;
  readonly to: number;
  readonly items: readonly {
    readonly label: string;
    readonly apply?: string;
    readonly detail?: string;
    readonly kind?: string;
  }[];
}

export class QueryEditor {
  readonly #view: EditorView;

  constructor(settings: EditorSettings) {
    const root = settings.parent.shadowRoot ?? settings.parent.attachShadow({ mode: 'open' });
    root.replaceChildren();
    const isFilter = settings.language === 'filter';
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: settings.text,
        extensions: [
          Prec.highest(
            keymap.of([
              { key: 'Tab', run: acceptCompletion },
              { key: isFilter ? 'Enter' : 'Mod-Enter', run: (view) => this.#run(view, settings) },
              { key: 'Ctrl-Space', run: startCompletion },
              {
                key: 'Escape',
                run: (view) => {
                  if (closeCompletion(view)) return true;
                  settings.onEscape();
                  return true;
                },
              },
            ]),
          ),
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          isFilter ? [oneLine, chips] : EditorView.lineWrapping,
          placeholder(settings.placeholder),
          autocompletion({
            override: [(context) => complete(context, settings.language)],
            activateOnTyping: true,
            icons: false,
          }),
          EditorView.contentAttributes.of({
            'aria-label': isFilter ? 'Filter' : settings.language.toUpperCase(),
            spellcheck: 'false',
          }),
          theme,
        ],
      }),
    });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  focus(): void {
    this.#view.focus();
    this.#view.dispatch({ selection: { anchor: this.#view.state.doc.length } });
  }

  /** Replaces the text unless it is the same. */
  write(text: string): void {
    if (text !== this.text)
      this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
  }

  underline(mistakes: readonly Mistake[]): void {
    const { length } = this.#view.state.doc;
    const shown = mistakes.map(({ from, to, message }): Diagnostic => ({
      from: Math.min(from, length),
      to: Math.min(Math.max(to, from), length),
      severity: 'error',
      message,
    }));
    this.#view.dispatch(setDiagnostics(this.#view.state, shown));
  }

  close(): void {
    this.#view.destroy();
  }

  #run(view: EditorView, settings: EditorSettings): boolean {
    closeCompletion(view);
    settings.onRun(view.state.doc.toString());
    return true;
  }
}

/** Pasted lines become one. */
const oneLine: Extension = EditorState.transactionFilter.of((transaction) =>
  transaction.docChanged && transaction.newDoc.lines > 1
    ? [
        transaction,
        {
          changes: {
            from: 0,
            to: transaction.newDoc.length,
            insert: transaction.newDoc.toString().replaceAll('\n', ' '),
          },
          sequential: true,
        },
      ]
    : transaction,
);

const testMark = Decoration.mark({ class: 'cm-test' });
const wordMark = Decoration.mark({ class: 'cm-joint' });

const chips = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = chipsOf(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged) this.decorations = chipsOf(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function chipsOf(view: EditorView): DecorationSet {
  const marks = partsOf(view.state.doc.toString()).map(({ from, to, kind }): Range<Decoration> =>
    (kind === 'test' ? testMark : wordMark).range(from, to),
  );
  return Decoration.set(marks);
}

async function complete(context: CompletionContext, language: Language): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  if (!context.explicit && text.slice(0, context.pos).trim() === '') return null;
  const gone = new AbortController();
  context.addEventListener('abort', () => gone.abort());
  try {
    const { from, to, items } = await requestJson<CompletionAnswer>('complete', {
      body: { language, text, offset: context.pos },
      signal: gone.signal,
    });
    return {
      from,
      to,
      options: items.map(({ label, apply, detail }) => ({
        label,
        ...(apply === undefined ? {} : { apply }),
        ...(detail === undefined ? {} : { detail }),
      })),
      filter: false,
    };
  } catch {
    return null;
  }
}

const theme = EditorView.theme({
  '&': { width: '100%', fontSize: '13px', color: 'var(--text)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '24px', overflowX: 'auto', scrollbarWidth: 'none' },
  '.cm-content': { padding: '4px 0', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 2px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-test': { backgroundColor: 'var(--chip)', borderRadius: '5px', padding: '3px 5px', margin: '0 1px' },
  '.cm-joint': { color: 'var(--accent)' },
  '.cm-placeholder': { color: 'var(--muted)', fontFamily: 'var(--sans)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--warning)',
    textUnderlineOffset: '3px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--border)',
    borderRadius: '8px',
    boxShadow: 'var(--layer-shadow)',
    color: 'var(--text)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12px', maxHeight: '280px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px', lineHeight: '20px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--selected)',
    color: 'var(--text)',
  },
  '.cm-completionDetail': { color: 'var(--muted)', fontStyle: 'normal', fontFamily: 'var(--sans)' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600' },
});
