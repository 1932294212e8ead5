import { type Template, writeFile } from "./Template.ts"

const server = (app: string) => [
  "import json, os, signal, sys",
  "from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer",
  "",
  "class Handler(BaseHTTPRequestHandler):",
  "    def do_GET(self):",
  `        status = {"status": "ok", "app": "${app}", "release": os.environ.get("FABRIK_RELEASE", "")}`,
  `        body = json.dumps(status).encode()`,
  "        self.send_response(200)",
  `        self.send_header("Content-Type", "application/json")`,
  `        self.send_header("Content-Length", str(len(body)))`,
  "        self.end_headers()",
  `        if self.command != "HEAD":`,
  "            self.wfile.write(body)",
  "    do_HEAD = do_GET",
  "",
  "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))",
  `ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()`
]

export const pythonApi: Template = {
  name: "python-api",
  description: "HTTP API in Python; the starter needs nothing but the standard library",
  port: 8000,
  healthPath: "/health",
  env: { PYTHONUNBUFFERED: "1" },
  starter: {
    dockerfile: (app) =>
      [
        "FROM python:3.12-slim",
        "RUN apt-get update \\",
        "  && apt-get install -y --no-install-recommends curl \\",
        "  && rm -rf /var/lib/apt/lists/*",
        "WORKDIR /app",
        writeFile("server.py", server(app)),
        "ENV PORT=8000 PYTHONUNBUFFERED=1",
        "USER nobody",
        "EXPOSE 8000",
        `CMD ["python", "server.py"]`,
        ""
      ].join("\n"),
    release: { _tag: "Json", path: ["release"] }
  }
}
