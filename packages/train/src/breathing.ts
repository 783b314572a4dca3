/** How long training may keep the event loop to itself. */
const LONGEST_MS = 50;

/** Lets timers, input and abort signals through now and then: on a host backend, awaiting a run alone does not. */
export class Breathing {
  #last: number = performance.now();

  /** Waits for one turn of the event loop if the last was long ago. */
  async ifDue(): Promise<void> {
    if (performance.now() - this.#last < LONGEST_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#last = performance.now();
  }
}
