/** The pages, in the order of the rail. */
import type { LucideIcon } from 'lucide-react';
import { ChartArea, Database, FileClock, LayoutDashboard, List, ShieldCheck } from 'lucide-react';

export interface Page {
  readonly path: string;
  readonly name: string;
  /** The question that the page answers. */
  readonly sentence: string;
  readonly group: 'Watch' | 'Investigate' | 'Protect' | 'Collect';
  readonly icon: LucideIcon;
  /** Pressed after `g`. */
  readonly key: string;
}

export const pages: readonly Page[] = [
  {
    path: '/',
    name: 'Overview',
    sentence: 'What happened, and what is different from before.',
    group: 'Watch',
    icon: LayoutDashboard,
    key: 'o',
  },
  {
    path: '/explore',
    name: 'Explore',
    sentence: 'Who talks to whom, how much, and is it allowed?',
    group: 'Investigate',
    icon: ChartArea,
    key: 'e',
  },
  {
    path: '/flows',
    name: 'Flows',
    sentence: 'Every conversation, one row each, down to the logged tuple.',
    group: 'Investigate',
    icon: List,
    key: 'f',
  },
  {
    path: '/rules',
    name: 'Rules',
    sentence: 'Which rules are used, by whom, and which are not needed?',
    group: 'Protect',
    icon: ShieldCheck,
    key: 'r',
  },
  {
    path: '/flow-logs',
    name: 'Flow logs',
    sentence: 'What is logged, where to, and does it arrive?',
    group: 'Collect',
    icon: FileClock,
    key: 'n',
  },
  {
    path: '/sources',
    name: 'Sources',
    sentence: 'Is anything missing, and why?',
    group: 'Collect',
    icon: Database,
    key: 's',
  },
];

export function pageOf(path: string): Page | undefined {
  return pages.find((page) => page.path === path || (page.path !== '/' && path.startsWith(`${page.path}/`)));
}
