import type { ReactNode } from 'react';

export function Mark(): ReactNode {
  return (
    <svg viewBox="0 0 24 24" aria-hidden>
      <rect width="24" height="24" rx="6" fill="var(--text)" />
      <path
        d="M5 8h4.5c3 0 2.5 8 5.5 8H19M5 16h4.5c3 0 2.5-8 5.5-8H19"
        fill="none"
        stroke="var(--surface)"
        strokeWidth="2"
        strokeLinecap="round"
      />
    </svg>
  );
}
