import type { ReactNode } from 'react';
import { useEffect } from 'react';

export interface PageHeadProps {
  readonly title: string;
  readonly sentence: string;
  readonly children?: ReactNode;
}

export function PageHead({ title, sentence, children }: PageHeadProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · nsgflow`;
  }, [title]);
  return (
    <div className="page-head">
      <h1>{title}</h1>
      <p className="muted">{sentence}</p>
      <div className="page-actions">{children}</div>
    </div>
  );
}
