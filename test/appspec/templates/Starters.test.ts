import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { nodeApi } from "../../../src/appspec/templates/NodeApi.ts"
import { pythonApi } from "../../../src/appspec/templates/PythonApi.ts"
import { staticSite } from "../../../src/appspec/templates/StaticSite.ts"
import { findTemplate, templates } from "../../../src/appspec/templates/Templates.ts"

/** What the `RUN printf` that writes `file` leaves there, run by a real shell. */
const written = (dockerfile: string, file: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "fabrik-starter-"))
  try {
    const joined = dockerfile.replaceAll("\\\n", "\n").split(/\n(?=[A-Z])/)
    const step = joined.find((text) => text.startsWith("RUN printf") && text.trim().endsWith(`> ${file}`))
    assert.isDefined(step)
    const command = step!.slice("RUN ".length).replaceAll("\n", " ").replace(`> ${file}`, "> out")
    execFileSync("sh", ["-c", command], { cwd: folder })
    return readFileSync(join(folder, "out"), "utf8")
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("templates", () => {
  it("are found by name only", () => {
    for (const template of templates) assert.strictEqual(findTemplate(template.name), template)
    assert.isUndefined(findTemplate("constructor"))
  })

  it.each(templates.map((template) => [template.name, template] as const))(
    "%s has a Dockerfile any builder takes",
    (_, template) => {
      const text = template.starter.dockerfile("my-app")
      assert.match(text, /^FROM \S+\n/)
      assert.notInclude(text, "<<")
      assert.match(text, /\bcurl\b/)
      assert.match(text, new RegExp(`^ENV PORT=${template.port}( |$)`, "m"))
      assert.match(text, new RegExp(`^EXPOSE ${template.port}$`, "m"))
      assert.include(text, "FABRIK_RELEASE")
      // A line that continues another must not look like an instruction or a comment.
      const lines = text.split("\n")
      lines.forEach((line, index) => {
        if (lines[index - 1]?.endsWith("\\") === true) assert.match(line, /^ {2}\S/)
        else assert.match(line, /^(FROM|RUN|WORKDIR|ENV|USER|EXPOSE|CMD) |^$/)
      })
    }
  )

  it("the node starter shows its release at any path", async () => {
    const program = written(nodeApi.starter.dockerfile("my-app"), "server.cjs")
    let server: http.Server | undefined
    const fakeHttp = {
      createServer: (listener: http.RequestListener) => {
        server = http.createServer(listener)
        return server
      }
    }
    const run = new Function("require", "process", program)
    run((name: string) => (name === "node:http" ? fakeHttp : undefined), {
      env: { PORT: "0", FABRIK_RELEASE: "r1" },
      on: () => undefined
    })
    assert.isDefined(server)
    if (!server!.listening) await new Promise((resolve) => server!.once("listening", resolve))
    try {
      for (const path of ["/", "/health"]) {
        const response = await fetch(`http://localhost:${(server!.address() as AddressInfo).port}${path}`)
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(await response.json(), { status: "ok", app: "my-app", release: "r1" })
      }
    } finally {
      server!.closeAllConnections()
      server!.close()
    }
  })

  it("the python starter is the program it should be", () => {
    const program = written(pythonApi.starter.dockerfile("my-app"), "server.py")
    assert.include(
      program,
      `{"status": "ok", "app": "my-app", "release": os.environ.get("FABRIK_RELEASE", "")}`
    )
    assert.match(
      program,
      /\nclass Handler\(BaseHTTPRequestHandler\):\n {4}def do_GET\(self\):\n {8}status = /
    )
  })

  it("the static starter keeps nginx's own variables and leaves two to the entry point", () => {
    const text = staticSite.starter.dockerfile("my-app")
    const site = written(text, "/etc/nginx/templates/default.conf.template")
    assert.include(site, "listen ${PORT};")
    assert.include(site, 'add_header X-Fabrik-Release "${FABRIK_RELEASE}" always;')
    assert.include(site, "try_files $uri $uri/ /index.html;")
    assert.include(written(text, "/usr/share/nginx/html/index.html"), "<h1>my-app</h1>")
  })
})
