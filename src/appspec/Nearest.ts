const fold = (word: string): string => word.toLowerCase().replaceAll(/[-_]/g, "")

/** Edits (insert, delete, replace, swap of neighbours) from `a` to `b`. */
const distance = (a: string, b: string): number => {
  let beforeLast: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const at = (cells: ReadonlyArray<number>, index: number) => cells[index] ?? Infinity
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(beforeLast, j - 2) + 1 : Infinity
      row.push(Math.min(replaced, swapped, at(last, j) + 1, at(row, j - 1) + 1))
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? Infinity
}

/**
 * The option that `word` was most likely meant to be: at most a third of its letters (and never more than three)
 * wrong, upper case, `-` and `_` aside. `undefined` when none is near.
 */
export const nearest = (word: string, options: ReadonlyArray<string>): string | undefined => {
  const folded = fold(word)
  let best: string | undefined
  let bestDistance = Infinity
  for (const option of options) {
    const target = fold(option)
    const allowed = Math.min(3, Math.floor(Math.max(target.length, 3) / 3))
    if (Math.abs(folded.length - target.length) > allowed) continue
    const edits = distance(folded, target)
    if (edits <= allowed && edits < bestDistance) {
      best = option
      bestDistance = edits
    }
  }
  return best
}
