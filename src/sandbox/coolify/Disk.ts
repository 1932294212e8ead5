/** What a server has on its disk, as far as applications get at it. */
import type { Container, CoolifyState } from "./CoolifyState.ts"
import type { Mount } from "./StorageState.ts"

type Disk = CoolifyState["disk"]

/** Where Coolify keeps the files of an application. */
export const folderOf = (applicationUuid: string): string => `/data/coolify/applications/${applicationUuid}`

const find = (disk: Disk, serverId: number, path: string) =>
  disk.find((one) => one.server_id === serverId && one.path === path)

const put = (disk: Disk, server_id: number, path: string, content: string | null): Disk => [
  ...disk.filter((one) => one.server_id !== server_id || one.path !== path),
  { server_id, path, content }
]

/** Where a directory stands, Coolify puts an empty file in its place, and writes nothing into it. */
export const writeFile = (disk: Disk, serverId: number, path: string, content: string): Disk =>
  find(disk, serverId, path)?.content === null
    ? put(remove(disk, serverId, path), serverId, path, "")
    : put(disk, serverId, path, content)

/** What is there already stays. */
export const makeDirectory = (disk: Disk, serverId: number, path: string): Disk =>
  find(disk, serverId, path) === undefined ? put(disk, serverId, path, null) : disk

/** `rm -rf`. */
export const remove = (disk: Disk, serverId: number, path: string): Disk =>
  disk.filter((one) => one.server_id !== serverId || (one.path !== path && !one.path.startsWith(`${path}/`)))

const isOnDisk = ({ source }: Mount): boolean => source.startsWith("/")

/** Docker makes a directory of what is not there. */
export const mounted = (disk: Disk, serverId: number, mounts: ReadonlyArray<Mount>): Disk =>
  mounts.filter(isOnDisk).reduce((all, { source }) => makeDirectory(all, serverId, source), disk)

/** A container keeps the files that it was started with. */
export const filesOf = (disk: Disk, serverId: number, mounts: ReadonlyArray<Mount>): Container["files"] =>
  mounts.filter(isOnDisk).flatMap(({ path, source }) => {
    const content = find(disk, serverId, source)?.content
    return content === null || content === undefined ? [] : [{ path, content }]
  })
