/** The volumes of a {@link World}'s applications. */
import * as Either from "effect/Either"
import {
  findApplication,
  mint,
  notFound,
  refuse,
  step,
  type Step,
  type World,
  type WorldStorage
} from "./CoolifyWorld.ts"
import type { Storage } from "./endpoints/Storages.ts"

export const listStorages = (world: World, applicationUuid: string): ReadonlyArray<Storage> =>
  world.storages
    .filter((row) => row.applicationUuid === applicationUuid)
    .map(({ applicationUuid: _, ...row }) => row)

export const createStorage = (
  world: World,
  applicationUuid: string,
  storage: { readonly name: string; readonly mountPath: string }
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
      hostPath: undefined
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
