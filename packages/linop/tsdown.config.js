import { library } from '@ntk/tsdown';

export default library({ testing: 'src/testing/index.ts' });
