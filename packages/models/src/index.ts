export { parseLayersModel } from './layers-model/parse.ts';
export type { ParseOptions } from './layers-model/parse.ts';
export { loadLayersModel, readLayersModel } from './layers-model/read.ts';
export type { FileReader } from './layers-model/read.ts';
export type { OutputMode } from './layers-model/trace-model.ts';
export { denseNetwork } from './network/dense-network.ts';
export type { DenseNetworkOptions } from './network/dense-network.ts';
export type { Initializer } from './network/initializers.ts';
