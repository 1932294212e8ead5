/** Chances that come out the same for the same seed, so that a failing case can be played again. */
export class Dice {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** From 0 up to 1, exclusive (Mulberry32: a counter through an integer hash). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let hash = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61)
    return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32
  }

  /** From 0 to `below`, exclusive. */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }

  /** Whether something of that chance comes true. */
  chance(of: number): boolean {
    return this.next() < of
  }

  pick<A>(from: ReadonlyArray<A>): A {
    return from[this.below(from.length)] as A
  }

  /** As many of them as came true, in their order. */
  some<A>(from: ReadonlyArray<A>, chance: number): ReadonlyArray<A> {
    return from.filter(() => this.chance(chance))
  }

  shuffle<A>(items: ReadonlyArray<A>): ReadonlyArray<A> {
    return items
      .map((item) => [this.next(), item] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, item]) => item)
  }
}
