/** `extends` within one compose file, written out. Facts: docs.docker.com/reference/compose-file/services, extends. */
import type { Pair, Tree } from "./Tree.ts"

type Pairs = Extract<Tree, { readonly _tag: "Pairs" }>

const at = (tree: Tree | undefined, key: string): Tree | undefined =>
  tree?._tag === "Pairs" ? tree.pairs.find((pair) => pair.key === key)?.value : undefined

const textAt = (tree: Tree | undefined): string | undefined => (tree?._tag === "Leaf" ? tree.text : undefined)

const without = (tree: Pairs, key: string): Pairs => ({
  ...tree,
  pairs: tree.pairs.filter((pair) => pair.key !== key)
})

/** `- NAME=value` as `NAME: value`, so that a list and a map can be one. */
const asPairs = (tree: Tree): Tree =>
  tree._tag !== "Items"
    ? tree
    : {
        _tag: "Pairs",
        at: tree.at,
        pairs: tree.items.map((item): Pair => {
          const [name = "", ...value] = (textAt(item) ?? "").split("=")
          const text = value.length === 0 ? undefined : value.join("=")
          return { key: name, keyAt: item.at, value: { _tag: "Leaf", at: item.at, text } }
        })
      }

const named: ReadonlySet<string> = new Set(["environment", "labels", "args"])
/** A service's own takes the place of the other's. */
const whole: ReadonlySet<string> = new Set(["command", "entrypoint", "test"])

const merged = (base: Tree, own: Tree, key: string): Tree => {
  if (whole.has(key)) return own
  const [one, other] = named.has(key) ? [asPairs(base), asPairs(own)] : [base, own]
  if (one._tag === "Items" && other._tag === "Items")
    return { ...other, items: [...one.items, ...other.items] }
  if (one._tag !== "Pairs" || other._tag !== "Pairs") return own
  const kept = one.pairs.filter((pair) => at(other, pair.key) === undefined)
  const both = other.pairs.map((pair) => {
    const before = at(one, pair.key)
    return before === undefined ? pair : { ...pair, value: merged(before, pair.value, pair.key) }
  })
  return { ...other, pairs: [...kept, ...both] }
}

/**
 * A service that extends one of the same file has what that one says; of another file, or of itself, it stays as it is. So
 * does a file that builds nothing, as its text goes to Coolify.
 */
export const withExtended = (root: Tree): Tree => {
  const services = at(root, "services")
  if (root._tag !== "Pairs" || services?._tag !== "Pairs") return root
  if (!services.pairs.some(({ value }) => at(value, "build") !== undefined)) return root
  const whatOf = (service: Tree): string | undefined => {
    const what = at(service, "extends")
    return textAt(what) ?? (at(what, "file") === undefined ? textAt(at(what, "service")) : undefined)
  }
  const written = (service: Tree, seen: ReadonlyArray<string>): Tree => {
    const name = whatOf(service)
    const base = name === undefined || seen.includes(name) ? undefined : at(services, name)
    if (name === undefined || base?._tag !== "Pairs" || service._tag !== "Pairs") return service
    // A copy, so that whoever takes a key in one of them has not taken it in the other.
    return merged(structuredClone(written(base, [...seen, name])), without(service, "extends"), "")
  }
  const all = services.pairs.map((pair) => ({ ...pair, value: written(pair.value, [pair.key]) }))
  return {
    ...root,
    pairs: root.pairs.map((pair) =>
      pair.key === "services" ? { ...pair, value: { ...services, pairs: all } } : pair
    )
  }
}
