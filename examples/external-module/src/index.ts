export { TallyModule } from './tally.module.js';
export { type TallyReport, TallyService, type TierTally } from './tally.service.js';
