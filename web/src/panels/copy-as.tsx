import { Copy, Download } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { Query } from '../api/ask.ts';
import { questionBody } from '../api/ask.ts';
import { request, requestJson } from '../api/client.ts';
import { MenuButton } from '../controls/menu-button.tsx';
import { useLook } from '../shell/look.tsx';

interface Texts {
  readonly cli: string;
  readonly kql: string;
  readonly sql: string;
  readonly curl: string;
}

const forms = [
  { id: 'cli', label: 'Command line' },
  { id: 'kql', label: 'KQL' },
  { id: 'sql', label: 'SQL' },
  { id: 'curl', label: 'curl' },
] as const;

/** The question of a panel, for a shell, for a workbook, for a script. */
export function CopyAs({ query }: { readonly query: Query }): ReactNode {
  const { filter, range } = useLook();
  const [done, setDone] = useState('');
  const copy = async (id: (typeof forms)[number]['id']): Promise<void> => {
    try {
      const texts = await requestJson<Texts>('copy', { body: questionBody({ query, filter, ...range }) });
      await navigator.clipboard.writeText(texts[id]);
      setDone('Copied');
    } catch (error) {
      setDone(error instanceof Error ? error.message : 'Not copied');
    }
    setTimeout(() => setDone(''), 2500);
  };
  return (
    <>
      <span role="status" className="small muted">
        {done}
      </span>
      <MenuButton entries={forms.map(({ id, label }) => ({ id, label, act: () => void copy(id) }))}>
        <Copy className="icon icon-small" aria-hidden />
        Copy as
      </MenuButton>
    </>
  );
}

const formats = [
  { id: 'csv', label: 'CSV', type: 'text/csv' },
  { id: 'jsonl', label: 'JSON lines', type: 'application/x-ndjson' },
  { id: 'parquet', label: 'Parquet', type: 'application/vnd.apache.parquet' },
] as const;

export function DownloadAs({ query, name }: { readonly query: Query; readonly name: string }): ReactNode {
  const { filter, range } = useLook();
  const [failure, setFailure] = useState('');
  const download = async (format: (typeof formats)[number]): Promise<void> => {
    try {
      const response = await request('ask', {
        body: questionBody({ query, filter, ...range }),
        accept: format.type,
      });
      save(await response.blob(), `${name}.${format.id}`);
      setFailure('');
    } catch (error) {
      setFailure(error instanceof Error ? error.message : 'Not downloaded');
    }
  };
  return (
    <>
      {failure !== '' && (
        <span role="alert" className="small field-error">
          {failure}
        </span>
      )}
      <MenuButton entries={formats.map((format) => ({ ...format, act: () => void download(format) }))}>
        <Download className="icon icon-small" aria-hidden />
        Download
      </MenuButton>
    </>
  );
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
