export { LevelBackend } from './level.backend.js';
export { LevelMedium } from './level.medium.js';
