import { library } from '@ntk/tsdown';

export default library();
