import type { ReactNode } from 'react';
import { lazy, Suspense, useCallback, useState } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import { useSession } from '../api/session.ts';
import { Empty } from '../panels/states.tsx';
import { shiftRange, writeRange, zoomOut } from '../url/range.ts';
import { useParameters } from '../url/use-parameters.ts';
import { ValueMenu } from '../values/value-menu.tsx';
import { Failure } from './failure.tsx';
import { Header } from './header.tsx';
import type { KeyAction } from './keyboard.ts';
import { focusNextPanel, useKeyboard } from './keyboard.ts';
import type { Layer } from './layers.tsx';
import { Layers } from './layers.tsx';
import { LookProvider, useLook } from './look.tsx';
import { useRangeOfData } from './range-of-data.ts';
import { Rail } from './rail.tsx';
import { SignIn } from './sign-in.tsx';

const OverviewPage = lazy(async () => ({ default: (await import('../pages/overview/page.tsx')).OverviewPage }));
const ExplorePage = lazy(async () => ({ default: (await import('../pages/explore/page.tsx')).ExplorePage }));
const FlowsPage = lazy(async () => ({ default: (await import('../pages/flows/page.tsx')).FlowsPage }));
const RulesPage = lazy(async () => ({ default: (await import('../pages/rules/page.tsx')).RulesPage }));
const EntityPage = lazy(async () => ({ default: (await import('../pages/entity/page.tsx')).EntityPage }));
const FlowLogsPage = lazy(async () => ({ default: (await import('../pages/flow-logs/page.tsx')).FlowLogsPage }));
const SourcesPage = lazy(async () => ({ default: (await import('../pages/sources/page.tsx')).SourcesPage }));

export function App(): ReactNode {
  const session = useSession();
  if (session.isError) return <SignIn error={session.error} />;
  if (session.data === undefined) return null;
  return (
    <LookProvider>
      <Frame />
    </LookProvider>
  );
}

function Frame(): ReactNode {
  const [layer, setLayer] = useState<Layer>();
  const { values, change, go, unknown } = useParameters();
  const { range, isRangeRight, isPaused, setPaused, reload } = useLook();
  const [path] = useLocation();
  const act = useCallback(
    (action: KeyAction) => {
      if (action.kind === 'page') go(action.path);
      else if (action.kind === 'palette' || action.kind === 'shortcuts') setLayer(action.kind);
      else if (action.kind === 'before') change(writeRange(shiftRange(range, -1)));
      else if (action.kind === 'after') change(writeRange(shiftRange(range, 1)));
      else if (action.kind === 'zoom-out') change(writeRange(zoomOut(range, Date.now())));
      else if (action.kind === 'now') change({ from: '-6h', to: '' });
      else if (action.kind === 'pause') setPaused(!isPaused);
      else if (action.kind === 'reload') reload();
      else if (action.kind === 'compare') change({ cmp: values.cmp === '' ? 'before' : '' });
      else if (action.kind === 'next-panel') focusNextPanel();
    },
    [go, change, range, isPaused, setPaused, reload, values.cmp],
  );
  useKeyboard(act);
  useRangeOfData();
  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <Rail open={setLayer} />
      <div className={`main ${path.startsWith('/flows') || path.startsWith('/rules') ? 'main-filled' : ''}`}>
        <Header openMenu={() => setLayer('menu')} />
        {(unknown.length > 0 || !isRangeRight) && (
          <p className="note" role="status">
            {!isRangeRight && 'The range of the address cannot be read; the last 6 hours are shown. '}
            {unknown.length > 0 && `The address has parameters that this version does not know: ${unknown.join(', ')}.`}
          </p>
        )}
        <main id="content" className="page" tabIndex={-1}>
          <Failure key={path}>
            <Suspense fallback={null}>
              <Switch>
                <Route path="/">
                  <OverviewPage />
                </Route>
                <Route path="/explore">
                  <ExplorePage />
                </Route>
                <Route path="/flows">
                  <FlowsPage />
                </Route>
                <Route path="/rules/:nsg?">
                  <RulesPage />
                </Route>
                <Route path="/entity/:kind/:name">
                  <EntityPage />
                </Route>
                <Route path="/flow-logs">
                  <FlowLogsPage />
                </Route>
                <Route path="/sources">
                  <SourcesPage />
                </Route>
                <Route>
                  <Empty>
                    <h1>No page has this address.</h1>
                  </Empty>
                </Route>
              </Switch>
            </Suspense>
          </Failure>
        </main>
      </div>
      <ValueMenu />
      <Layers layer={layer} close={() => setLayer(undefined)} />
    </div>
  );
}
