import { BlockList, isIP } from "node:net"

const ranges = [
  ["this machine or network", "0.0.0.0/8"],
  ["this machine", "127.0.0.0/8"],
  ["link-local, where clouds keep credentials", "169.254.0.0/16"],
  ["a cloud's metadata service", "100.100.100.200/32"],
  ["reserved for protocols", "192.0.0.0/24"],
  ["multicast", "224.0.0.0/4"],
  ["reserved", "240.0.0.0/4"],
  ["unspecified", "::/128"],
  ["this machine", "::1/128"],
  ["link-local", "fe80::/10"],
  ["a cloud's metadata service", "fd00:ec2::/32"],
  ["multicast", "ff00::/8"]
] as const

let lists: ReadonlyArray<readonly [string, BlockList]> | undefined

/** Built when the first address is looked at: no start of fabrik pays for it. */
const makeLists = () =>
  ranges.map(([what, range]) => {
    const [net = "", bits] = range.split("/")
    const list = new BlockList()
    list.addSubnet(net, Number(bits), isIP(net) === 6 ? "ipv6" : "ipv4")
    return [what, list] as const
  })

/** The IPv4 address inside of an IPv6 one: mapped, compatible, NAT64 (RFC 6052), 6to4. */
const embedded = (address: string): string | undefined => {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = "", tail] = canonical.split("::")
  const parse = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16))
  const before = parse(head)
  const after = tail === undefined ? [] : parse(tail)
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
  const starts = (...prefix: ReadonlyArray<number>) => prefix.every((group, index) => groups[index] === group)
  const at =
    starts(0, 0, 0, 0, 0, 0xffff) || starts(0, 0, 0, 0, 0, 0) || starts(0x64, 0xff9b, 0, 0, 0, 0) ? 6 : 1
  if (at === 1 && !starts(0x2002)) return undefined
  const [high = 0, low = 0] = groups.slice(at)
  return [high >> 8, high & 255, low >> 8, low & 255].join(".")
}

/**
 * Why no application of a server's answers at this address: a name that leads there is wrong, or is meant to make fabrik
 * ask what only this machine can reach. Private networks are none of these, as a Coolify may well stand in one.
 */
export const specialAddress = (address: string): string | undefined => {
  const family = isIP(address)
  if (family === 0) return "no address"
  lists ??= makeLists()
  // A zone (`fe80::1%eth0`) is only known to link-local addresses.
  const bare = address.replace(/%.*$/, "")
  const found = lists.find(([, list]) => list.check(bare, family === 6 ? "ipv6" : "ipv4"))
  if (found !== undefined) return found[0]
  const inner = family === 6 ? embedded(bare) : undefined
  return inner === undefined ? undefined : specialAddress(inner)
}
