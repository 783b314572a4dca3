export { alignColumns } from './align-columns.ts';
export type { Backend, BackendSupport, CompileOptions, Executable, Tensor } from './backend.ts';
export { ProgramBuilder } from './builder.ts';
export { checkInputs } from './check-inputs.ts';
export { cpuBackend } from './cpu/cpu-backend.ts';
export { interpret } from './cpu/interpreter.ts';
export { allocate, asDType, bytesPerElement, dtypeOf, unitRoundoff } from './dtype.ts';
export type { DType, TypedArray } from './dtype.ts';
export {
  DTypeError,
  FormatError,
  NtkError,
  OptionError,
  OwnershipError,
  ProgramError,
  ShapeError,
  UnsupportedError,
} from './errors.ts';
export { exampleAxes } from './example-axis.ts';
export { HostTensor, hostData } from './host-tensor.ts';
export { importFailure, isNotInstalled } from './import-failure.ts';
export { inline } from './inline.ts';
export { exampleCount, exampleShape, forward, makeNetwork, outputCount, useSites } from './network.ts';
export type { Network, NetworkMeta, NetworkTopology, OutputActivation, Parameter, UseSite } from './network.ts';
export type {
  Attributes,
  BinaryPrimitive,
  Primitive,
  ReductionPrimitive,
  UnaryPrimitive,
} from './primitives/attributes.ts';
export type { Operand, PrimitiveSpec } from './primitives/spec.ts';
export { PRIMITIVES } from './primitives/table.ts';
export { positionsOf } from './primitives/window.ts';
export type { Sliding, Window } from './primitives/window.ts';
export { parseProgram } from './parse.ts';
export { printProgram } from './print.ts';
export { PROGRAM_VERSION, nodeOf, shapeOf } from './program.ts';
export type { NodeOf, Program, ProgramInput, ProgramNode, ProgramOutput, Value } from './program.ts';
export { formatBytes, formatSeconds } from './quantities.ts';
export { rebatch } from './rebatch.ts';
export { Rng } from './rng.ts';
export { broadcastShapes, broadcastStrides, checkShape, formatShape, sameShape, sizeOf, stridesOf } from './shape.ts';
export type { Shape } from './shape.ts';
export { transfer } from './transfer.ts';
