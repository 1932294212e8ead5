import { type Template, writeFile } from "./Template.ts"

const server = (app: string) => [
  `const http = require("node:http")`,
  "const server = http.createServer((request, response) => {",
  `  const status = { status: "ok", app: "${app}", release: process.env.FABRIK_RELEASE ?? "" }`,
  `  response.writeHead(200, { "content-type": "application/json" })`,
  "  response.end(JSON.stringify(status))",
  "})",
  `server.listen(Number(process.env.PORT))`,
  `process.on("SIGTERM", () => process.exit(0))`
]

export const nodeApi: Template = {
  name: "node-api",
  description: "HTTP API in Node.js; the starter has no dependencies",
  port: 3000,
  healthPath: "/health",
  env: {},
  starter: {
    dockerfile: (app) =>
      [
        "FROM node:22-alpine",
        "RUN apk add --no-cache curl",
        "WORKDIR /app",
        writeFile("server.cjs", server(app)),
        "ENV PORT=3000 NODE_ENV=production",
        "USER node",
        "EXPOSE 3000",
        `CMD ["node", "server.cjs"]`,
        ""
      ].join("\n"),
    release: { _tag: "Json", path: ["release"] }
  }
}
