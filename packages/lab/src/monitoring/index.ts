export { type Alert, ALERTS } from './alerts.ts';
export { buildDashboard, type PanelQueries, queriesOf } from './dashboard.ts';
