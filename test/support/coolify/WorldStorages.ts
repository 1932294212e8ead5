/** The volumes and files of a {@link World}'s applications. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import {
  findApplication,
  mint,
  notFound,
  refuse,
  step,
  type Step,
  type World,
  type WorldFile,
  type WorldStorage
} from "./CoolifyWorld.ts"
import type { NewFile, NewStorage, Stored } from "../../../src/coolify/endpoints/Storages.ts"

const ofApplication = <A extends { readonly applicationUuid: string }>(
  rows: ReadonlyArray<A>,
  uuid: string
): ReadonlyArray<Omit<A, "applicationUuid">> =>
  rows.filter((row) => row.applicationUuid === uuid).map(({ applicationUuid: _, ...row }) => row)

/** @param sensitive whether the token may read what files hold. */
export const listStorages = (world: World, applicationUuid: string, sensitive: boolean): Stored => ({
  volumes: ofApplication(world.storages, applicationUuid),
  files: ofApplication(world.files, applicationUuid).map((row) =>
    sensitive ? row : { ...row, content: undefined }
  )
})

export const createStorage = (
  world: World,
  applicationUuid: string,
  storage: NewStorage
): Step<{ readonly uuid: string }> =>
  Either.flatMap(findApplication(world, "createStorage", applicationUuid), () => {
    const name = `${applicationUuid}-${storage.name}`
    if (world.storages.some((row) => row.applicationUuid === applicationUuid && row.name === name)) {
      return refuse("createStorage", "ServerError", 500, "Server Error")
    }
    const [uuid, ready] = mint(world, "storage")
    const row: WorldStorage = {
      uuid,
      applicationUuid,
      name,
      mountPath: storage.mountPath,
      hostPath: storage.hostPath
    }
    return step({ uuid }, { ...ready, storages: [...ready.storages, row] })
  })

const find = (world: World, method: string, applicationUuid: string, uuid: string) =>
  Either.flatMap(findApplication(world, method, applicationUuid), () => {
    const found = world.storages.find((row) => row.applicationUuid === applicationUuid && row.uuid === uuid)
    return found === undefined ? notFound(method, "Storage") : Either.right(found)
  })

export const updateStorage = (
  world: World,
  applicationUuid: string,
  uuid: string,
  to: { readonly mountPath: string }
): Step<void> =>
  Either.flatMap(find(world, "updateStorage", applicationUuid, uuid), (found) =>
    step(undefined, {
      ...world,
      storages: world.storages.map((row) => (row === found ? { ...row, ...to } : row))
    })
  )

export const deleteStorage = (world: World, applicationUuid: string, uuid: string): Step<void> =>
  Either.flatMap(find(world, "deleteStorage", applicationUuid, uuid), (found) =>
    step(undefined, { ...world, storages: world.storages.filter((row) => row !== found) })
  )

/** Without what Coolify trims, of the blanks that matter here. */
const trimmed = (content: Redacted.Redacted<string>) => Redacted.make(Redacted.value(content).trim())

export const createFile = (
  world: World,
  applicationUuid: string,
  { content, mountPath }: NewFile
): Step<{ readonly uuid: string }> =>
  Either.flatMap(findApplication(world, "createFile", applicationUuid), () => {
    const isThere = world.files.some(
      (row) => row.applicationUuid === applicationUuid && row.mountPath === mountPath
    )
    if (isThere) return refuse("createFile", "ServerError", 500, "Server Error")
    const [uuid, ready] = mint(world, "file")
    const row: WorldFile = {
      uuid,
      applicationUuid,
      mountPath,
      type: "file",
      serverPath: `/data/coolify/applications/${applicationUuid}${mountPath}`,
      content: trimmed(content)
    }
    return step({ uuid }, { ...ready, files: [...ready.files, row] })
  })

export const deleteFile = (world: World, applicationUuid: string, uuid: string): Step<void> =>
  Either.flatMap(findApplication(world, "deleteFile", applicationUuid), () => {
    const files = world.files.filter((row) => row.applicationUuid !== applicationUuid || row.uuid !== uuid)
    return files.length === world.files.length
      ? notFound("deleteFile", "Storage")
      : step(undefined, { ...world, files })
  })
