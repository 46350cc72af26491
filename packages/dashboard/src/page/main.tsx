import { render } from 'preact';
import { App } from './app.tsx';
import { stayConnected } from './live/board-connection.ts';
import { followChosenResource } from './live/chosen-resource.ts';
import { applyTheme } from './live/theme.ts';
import 'uplot/dist/uPlot.min.css';
import './page.css';

applyTheme();
render(<App />, document.getElementById('page') as HTMLElement);
followChosenResource();
void stayConnected();
