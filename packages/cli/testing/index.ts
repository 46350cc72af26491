export { type LeaderApi, startLeaderApi } from './start-leader-api.ts';
