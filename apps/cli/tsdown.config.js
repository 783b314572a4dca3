import { library } from '@ntk/tsdown';

/** The experiments are not published as a package: their sources become part of the command. */
export default {
  ...library(),
  inputOptions: { resolve: { conditionNames: ['@ntk/source', 'import', 'node', 'default'] } },
};
