/** Where a part lies in a whole, along one axis. */
export interface Placement {
  readonly axis: number;
  readonly start: number;
}
