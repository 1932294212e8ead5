import { assert, describe, it } from "@effect/vitest"
import { causeInLog } from "../../src/ui/LogCause.ts"

describe("the log of a failed deployment", () => {
  it.each([
    [
      "Error response from daemon: pull access denied for acme/shop, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      "`docker login` on the server"
    ],
    [
      "Error response from daemon: pull access denied for registry.acme.example:5000/shop, repository does not exist or may require 'docker login'",
      "`docker login registry.acme.example:5000` on the server"
    ],
    [
      'Error response from daemon: Head "https://registry-1.docker.io/v2/acme/shop/manifests/1": unauthorized: incorrect username or password',
      "`docker login` on the server"
    ],
    [
      'Error response from daemon: Head "https://ghcr.io/v2/acme/shop/manifests/1": unauthorized: authentication required',
      "`docker login ghcr.io` on the server"
    ],
    ["Error response from daemon: denied: denied", "`docker login REGISTRY` on the server"],
    [
      "Error response from daemon: manifest for nginx:9.9 not found: manifest unknown: manifest unknown",
      "tag"
    ],
    ["git@github.com: Permission denied (publickey).", "deployKey"],
    ["fatal: could not read Username for 'https://github.com': No such device or address", "githubApp"],
    ["fatal: Remote branch mian not found in upstream origin", "source.branch"],
    ["Docker Compose file not found at: /docker-compose.yaml", "source.compose"],
    ["write /var/lib/docker/tmp/x: no space left on device", "room"]
  ])("%s", (line, word) => {
    assert.include(causeInLog(["Pulling image.", line, "Deployment failed."])?.next, word)
  })

  it.each(["npm ERR! missing script: start", "access to the admin page was denied by policy", ""])(
    "tells nothing of the kind: %s",
    (line) => {
      assert.isUndefined(causeInLog([line]))
    }
  )
})
