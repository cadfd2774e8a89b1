import { ChartArea, ChartColumn, ChartLine, LayoutGrid, Percent, Plus, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useFields } from '../../api/fields.ts';
import { MenuButton } from '../../controls/menu-button.tsx';
import { Segmented } from '../../controls/segmented.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import { fieldName, shortField } from '../../values/field-names.ts';
import { measures } from '../../values/measures.ts';

export const chartKinds = [
  { id: 'stacked', name: 'Stacked', icon: ChartArea },
  { id: 'share', name: '100 %', icon: Percent },
  { id: 'lines', name: 'Lines', icon: ChartLine },
  { id: 'bars', name: 'Bars', icon: ChartColumn },
  { id: 'multiples', name: 'Multiples', icon: LayoutGrid },
] as const;

const tops = ['5', '8', '10', '20', '50'];
const fieldsMax = 4;

/** What makes the groups, how many there are, what is counted, and how it is drawn. */
export function ExploreControls(): ReactNode {
  const { values, change } = useParameters();
  const { data: fields = [] } = useFields();
  const by = values.by.split(',').filter((field) => field !== '');
  const setBy = (next: readonly string[]): void => change({ by: next.join(',') });
  const chart = chartKinds.find(({ id }) => id === values.chart)?.id ?? 'stacked';
  return (
    <div className="explore-controls">
      <div className="control-group" role="group" aria-label="Group by">
        <span className="muted">Group by</span>
        {by.map((field) => (
          <span key={field} className="field-chip">
            {field}
            <button
              type="button"
              aria-label={`Remove ${fieldName(field)}`}
              onClick={() => setBy(by.filter((one) => one !== field))}
            >
              <X className="icon icon-small" aria-hidden />
            </button>
          </span>
        ))}
        {by.length < fieldsMax && (
          <MenuButton
            kind="icon"
            label="Add a field"
            entries={fields
              .filter(({ groupable, name }) => groupable && !by.includes(shortField(name)))
              .map(({ name }) => ({
                id: name,
                label: shortField(name),
                detail: fieldName(name),
                act: () => setBy([...by, shortField(name)]),
              }))}
          >
            <Plus className="icon icon-small" aria-hidden />
          </MenuButton>
        )}
      </div>
      <div className="control-group" role="group" aria-label="Top">
        <span className="muted">Top</span>
        <MenuButton
          kind="bordered"
          label={`Top ${values.top}`}
          entries={tops.map((top) => ({ id: top, label: top, act: () => change({ top }) }))}
        >
          {values.top}
        </MenuButton>
      </div>
      <div className="control-group">
        <span className="muted">Measure</span>
        <Segmented
          label="Measure"
          value={values.m}
          onChange={(m) => change({ m })}
          options={measures.map(({ id, label }) => ({ id, label }))}
        />
      </div>
      <span className="spread" />
      <Segmented
        label="Chart"
        value={chart}
        onChange={(next) => change({ chart: next })}
        options={chartKinds.map(({ id, name, icon: Icon }) => ({
          id,
          name,
          label: (
            <>
              <Icon className="icon icon-small" aria-hidden />
              {name}
            </>
          ),
        }))}
      />
    </div>
  );
}
