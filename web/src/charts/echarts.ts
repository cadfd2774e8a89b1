/** The parts of ECharts that are used. Its tooltip is not: it writes styles that the content security policy refuses. */
import { BarChart, LineChart, SankeyChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([BarChart, LineChart, SankeyChart, GridComponent, CanvasRenderer]);

export { init };
