// esbuild makes a file for each set of entries that share modules: over a hundred for one command, each of which Node has to
// find, read and link. What nearly every command loads is joined here, in three layers of one file each.
import { dirname, join, relative, resolve } from "node:path"

/** Loaded before every command, and before each that speaks to a Coolify. */
const ahead = ["src/cli/Process.ts", "src/cli/ChooseContext.ts"]
/** The command that loads most of what others load too. */
const fullest = "src/cli/commands/Apply.ts"
/** Answered without the rest, and kept apart from it. */
const quick = ["src/main.ts", "src/cli/CompileCache.ts", "src/cli/RootHelp.ts"]
const isCommand = (entry) => entry.startsWith("src/cli/commands/")

/** The files of each layer, and for each entry's file the layers that it loads as a whole. */
const layersOf = ({ outputs }) => {
  const loads = (file, seen = new Set()) => {
    if (seen.has(file)) return seen
    seen.add(file)
    for (const { external, kind, path } of outputs[file].imports) {
      if (!external && kind === "import-statement") loads(path, seen)
    }
    return seen
  }
  const entries = Object.entries(outputs)
    .filter(([, { entryPoint }]) => entryPoint !== undefined)
    .map(([file, { entryPoint }]) => ({ entry: entryPoint, file, loaded: loads(file) }))
  const loadedBy = (wanted) => entries.find(({ entry }) => entry === wanted).loaded
  const apart = new Set(quick.flatMap((entry) => [...loadedBy(entry)]))
  // A layer with an entry in it would load itself.
  const isFree = (file) => !apart.has(file) && !entries.some((entry) => loads(file).has(entry.file))
  const commands = entries.filter(({ entry }) => isCommand(entry))
  const isCommon = (file) =>
    commands.filter(({ loaded }) => loaded.has(file)).length >= commands.length * 0.75

  const always = [...new Set(ahead.flatMap((entry) => [...loadedBy(entry)]))].filter(isFree)
  const others = [...loadedBy(fullest)].filter((file) => isFree(file) && !always.includes(file))
  const layers = [always, others.filter(isCommon), others.filter((file) => !isCommon(file))]
  const size = (files) => files.reduce((sum, file) => sum + outputs[file].bytes, 0)
  const takes = ({ entry, loaded }, layer) => {
    const part = layer.filter((file) => loaded.has(file))
    // A command that needs little of a layer gets that little. All else is loaded by a command, behind what it has.
    return layer === always || (isCommand(entry) ? size(part) >= size(layer) / 2 : part.length > 0)
  }
  const taken = entries
    .filter(({ entry }) => !quick.includes(entry))
    .map((entry) => [entry.file, [...layers.keys()].filter((index) => takes(entry, layers[index]))])
  return { layers, taken }
}

/** For esbuild: bundles what it has built for `outdir`, each layer as one file. `root`: what the paths of the metafile begin at. */
export const joined = ({ metafile, outdir, outputFiles, root }) => {
  // What a file is named depends on the paths of what is in it: without `outdir`, it is the same wherever it is built.
  const inside = (path) => relative(outdir, resolve(root, path))
  const texts = new Map(outputFiles.map(({ path, text }) => [inside(path), text]))
  const { layers, taken } = layersOf(metafile)
  const ends = new Map(
    taken.map(([file, indices]) => [
      inside(file),
      indices.map((index) => `\nimport "layer:${index}"`).join("")
    ])
  )
  const namespace = "built"
  return {
    name: "joined",
    setup: ({ onLoad, onResolve }) => {
      onResolve({ filter: /./ }, ({ importer, kind, path }) => {
        if (kind === "entry-point" || path.startsWith("layer:")) return { path, namespace }
        return path.startsWith(".") ? { path: join(dirname(importer), path), namespace } : undefined
      })
      onLoad({ filter: /^layer:/, namespace }, ({ path }) => ({
        contents: layers[Number(path.slice("layer:".length))]
          .map((file) => `import ${JSON.stringify(`./${inside(file)}`)}\n`)
          .join("")
      }))
      onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: `${texts.get(path)}${ends.get(path) ?? ""}`
      }))
    }
  }
}
