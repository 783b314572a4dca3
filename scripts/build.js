// npm run build: installs and builds.
import { prepare } from './steps.js';

const outcomes = await prepare();
process.exitCode = outcomes.every(Boolean) ? 0 : 1;
