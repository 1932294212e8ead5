import { assert, describe, it } from "@effect/vitest"
import { specialAddress } from "../../src/health/SpecialAddress.ts"

const special = [
  "0.0.0.0",
  "0.1.2.3",
  "127.0.0.1",
  "127.1.2.3",
  "127.255.255.255",
  "169.254.0.1",
  "169.254.169.254",
  "169.254.170.2",
  "100.100.100.200",
  "192.0.0.192",
  "192.0.0.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "0:0:0:0:0:0:0:1",
  "fe80::1",
  "fe80::a9fe:a9fe",
  "febf::1",
  "fe80::1%eth0",
  "fd00:ec2::254",
  "ff02::1",
  "ff0e::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "0:0:0:0:0:ffff:7f00:0001",
  "::ffff:169.254.169.254",
  "::ffff:a9fe:a9fe",
  "::ffff:0.0.0.0",
  "::127.0.0.1",
  "::169.254.169.254",
  "64:ff9b::169.254.169.254",
  "64:ff9b::7f00:1",
  "64:ff9b::a9fe:a9fe",
  "2002:7f00:1::",
  "2002:a9fe:a9fe::1",
  // No addresses at all, whatever a URL makes of them.
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "127.1",
  "localhost",
  "①②⑦.0.0.1",
  ""
]

const ordinary = [
  "1.1.1.1",
  "8.8.8.8",
  "203.0.113.7",
  "126.255.255.255",
  "128.0.0.1",
  "169.253.255.255",
  "169.255.0.1",
  "223.255.255.255",
  "192.0.1.1",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "2001:db8::1",
  "2606:4700::1111",
  "fd12:3456::1",
  "::ffff:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "2002:808:808::1"
]

describe("SSRF host: an address that no name may lead to", () => {
  it.each(special)("%j", (address) => {
    assert.isString(specialAddress(address))
  })
  it.each(ordinary)("is not %j", (address) => {
    assert.isUndefined(specialAddress(address))
  })
})
