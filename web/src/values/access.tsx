import type { ReactNode } from 'react';

export type Access = 'allow' | 'deny' | 'mixed' | 'unknown';

const words: Readonly<Record<Access, string>> = {
  allow: 'Allowed',
  deny: 'Denied',
  mixed: 'Mixed',
  unknown: 'Unknown',
};

/** Color, sign and word. */
export function AccessTag({ access, word }: { readonly access: Access; readonly word?: string }): ReactNode {
  return (
    <span className={`access access-${access}`}>
      <AccessGlyph access={access} />
      {word ?? words[access]}
    </span>
  );
}

export function AccessGlyph({ access }: { readonly access: Access }): ReactNode {
  const stroke = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, strokeLinecap: 'round' } as const;
  return (
    <svg viewBox="0 0 16 16" aria-hidden>
      {access === 'allow' && (
        <>
          <circle cx="8" cy="8" r="6.25" {...stroke} />
          <path d="M5.25 8.25l2 2 3.5-4" {...stroke} />
        </>
      )}
      {access === 'deny' && (
        <>
          <rect x="1" y="1" width="14" height="14" rx="3" fill="currentColor" />
          <path d="M5.5 5.5l5 5m0-5l-5 5" {...stroke} stroke="var(--surface)" strokeWidth="1.8" />
        </>
      )}
      {access === 'mixed' && (
        <>
          <circle cx="8" cy="8" r="6.25" {...stroke} />
          <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor" />
        </>
      )}
      {access === 'unknown' && (
        <>
          <circle cx="8" cy="8" r="6.25" {...stroke} strokeDasharray="2.5 2.5" />
          <path d="M6.3 6.5a1.7 1.7 0 1 1 1.7 1.9v.6m0 1.7v.1" {...stroke} />
        </>
      )}
    </svg>
  );
}
