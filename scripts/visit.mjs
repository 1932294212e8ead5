// Visits a host of a running sandbox as a browser would: DNS, then TLS, then HTTP.
// usage: node scripts/visit.mjs SANDBOX-DIR HOST PATH
import { Resolver } from "node:dns/promises"
import { readFileSync } from "node:fs"
import { request } from "node:https"

const [dir, host, path] = process.argv.slice(2)
const { dnsServer, edge, caFile } = JSON.parse(readFileSync(`${dir}/server.json`, "utf8"))
const resolver = new Resolver()
resolver.setServers([`${dnsServer.host}:${dnsServer.port}`])
const [address] = await resolver.resolve4(host)

const visit = request({ host: address, port: edge.port, servername: host, path, headers: { host }, ca: readFileSync(caFile) })
visit.on("response", async (response) => {
  let body = ""
  for await (const chunk of response) body += chunk
  console.log(`GET https://${host}:${edge.port}${path} (${address}): ${response.statusCode} ${body.trim()}`)
  process.exit(response.statusCode === 200 ? 0 : 1)
})
visit.on("error", (error) => {
  console.error(`GET https://${host}:${edge.port}${path}: ${error.message}`)
  process.exit(1)
})
visit.end()
