/**
 * Base of every error this project throws on purpose.
 *
 * Recognise errors by `name`, not by `instanceof`: two installed copies of a package then still agree.
 * A message says what was got, what was expected, and what to do.
 */
export class NtkError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A shape does not fit the operation it was given to. */
export class ShapeError extends NtkError {}

/** An element type is not the one the operation needs. */
export class DTypeError extends NtkError {}

/** An option has a value outside its domain. */
export class OptionError extends NtkError {}

/** A backend, layer or operation lacks a capability that was asked for; the message names what is supported. */
export class UnsupportedError extends NtkError {}

/** A file or a byte buffer is not what its format promises. */
export class FormatError extends NtkError {}

/** A Program breaks one of its own rules: unknown value, examples mixed, example axis lost. */
export class ProgramError extends NtkError {}

/** A tensor, executable or operator was used after it was disposed, or with a backend that does not own it. */
export class OwnershipError extends NtkError {}
