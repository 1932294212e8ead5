// Visits a host of a running sandbox as a browser would: DNS, then TLS, then HTTP.
// usage: node scripts/visit.mjs SANDBOX-DIR HOST PATH
import { Resolver } from "node:dns/promises"
import { readFileSync } from "node:fs"
import { request } from "node:https"

const [dir, host, path] = process.argv.slice(2)
const { ports } = JSON.parse(readFileSync(`${dir}/sandbox.json`, "utf8"))
const resolver = new Resolver()
resolver.setServers([`127.0.0.1:${ports.dns}`])
const [address] = await resolver.resolve4(host)

const visit = request({
  host: address,
  port: ports.edge,
  servername: host,
  path,
  headers: { host },
  ca: readFileSync(`${dir}/ca.pem`)
})
visit.on("response", async (response) => {
  let body = ""
  for await (const chunk of response) body += chunk
  console.log(
    `GET https://${host}:${ports.edge}${path} (at ${address}): ${response.statusCode} ${body.trim()}`
  )
  process.exit(response.statusCode === 200 ? 0 : 1)
})
visit.on("error", (error) => {
  console.error(`GET https://${host}:${ports.edge}${path}: ${error.message}`)
  process.exit(1)
})
visit.end()
