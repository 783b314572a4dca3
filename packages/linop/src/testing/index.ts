export { frobeniusNorm, readBlock, roundedTo, uploadBlock } from './blocks.ts';
export { type OperatorCase, type OperatorSuiteOptions, testLinearOperator } from './operator-suite.ts';
export { type ShiftedSuiteOptions, testShiftedSolver } from './shifted-suite.ts';
export { type SolverSuiteOptions, testLinearSolver } from './solver-suite.ts';
export { geometricSpectrum, matrixWithSpectrum, randomMatrix } from './spectrum.ts';
