import { render } from 'preact';
import { App } from './app.tsx';
import { stayConnected } from './live.ts';
import { applyTheme } from './theme.ts';
import 'uplot/dist/uPlot.min.css';
import './page.css';

applyTheme();
render(<App />, document.getElementById('page') as HTMLElement);
void stayConnected();
