import type { KeyboardEvent, ReactNode } from 'react';
import { useMemo } from 'react';
import type { Answer } from '../../api/ask.ts';
import { cellKey, matrixModel } from '../../charts/matrix.ts';
import { exact } from '../../format/number.ts';
import { useParameters } from '../../url/use-parameters.ts';
import { andTerm, term } from '../../values/terms.ts';
import { Value } from '../../values/value.tsx';

/** Arrow keys move between cells; Enter opens their flows. */
export function Matrix({ answer }: { readonly answer: Answer }): ReactNode {
  const { values, go } = useParameters();
  const { sources, destinations, cells } = useMemo(() => matrixModel(answer), [answer]);
  const filter = values.lang === 'filter' ? values.q : '';
  const open = (source: string, destination: string): void =>
    go('/flows', { q: andTerm(andTerm(filter, term('src', source)), term('dst', destination)), lang: 'filter' });
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label="Matrix">
      <table className="matrix" onKeyDown={moveInGrid}>
        <thead>
          <tr>
            <td />
            {destinations.map((destination) => (
              <th key={destination} scope="col">
                <Value field="dst" value={destination} className="matrix-column" />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sources.map((source) => (
            <tr key={source}>
              <th scope="row">
                <Value field="src" value={source} />
              </th>
              {destinations.map((destination) => {
                const cell = cells.get(cellKey(source, destination));
                if (cell === undefined) return <td key={destination} />;
                const text = `${source} to ${destination}: ${exact(cell.flows - cell.denied)} allowed, ${exact(cell.denied)} denied`;
                return (
                  <td key={destination}>
                    <button
                      type="button"
                      className={`matrix-cell level-${cell.level}`}
                      aria-label={text}
                      title={text}
                      onClick={() => open(source, destination)}
                    >
                      {cell.denied === cell.flows && <span aria-hidden>×</span>}
                      {cell.denied > 0 && (
                        <span className="matrix-denied" style={{ width: `${(100 * cell.denied) / cell.flows}%` }} />
                      )}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function moveInGrid(event: KeyboardEvent<HTMLTableElement>): void {
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const cell = event.target instanceof Element ? event.target.closest<HTMLTableCellElement>('td') : null;
  if (move === undefined || cell === null) return;
  event.preventDefault();
  const { rows } = event.currentTarget;
  let [row, column] = [(cell.parentElement as HTMLTableRowElement).rowIndex, cell.cellIndex];
  for (;;) {
    row += move[0];
    column += move[1];
    const next = rows[row]?.cells[column];
    if (next === undefined || row === 0 || column === 0) return;
    const button = next.querySelector('button');
    if (button !== null) {
      button.focus();
      return;
    }
  }
}
