export { type Alert, ALERTS } from './alerts.ts';
