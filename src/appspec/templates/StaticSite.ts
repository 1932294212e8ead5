import { type Template, writeFile } from "./Template.ts"

// The image's entry point replaces ${PORT} and ${FABRIK_RELEASE} when the container starts.
const site = [
  "server {",
  "  listen ${PORT};",
  "  root /usr/share/nginx/html;",
  `  add_header X-Fabrik-Release "\${FABRIK_RELEASE}" always;`,
  "  location / {",
  "    try_files $uri $uri/ /index.html;",
  "  }",
  "}"
]

const page = (app: string) => [
  "<!doctype html>",
  `<html lang="en">`,
  `<meta charset="utf-8">`,
  `<title>${app}</title>`,
  `<h1>${app}</h1>`,
  "<p>This page was put here by fabrik.</p>",
  "</html>"
]

export const staticSite: Template = {
  name: "static-site",
  description: "static pages behind nginx; the starter is one page",
  port: 80,
  healthPath: "/",
  env: {},
  starter: {
    dockerfile: (app) =>
      [
        "FROM nginx:alpine",
        "RUN apk add --no-cache curl && mkdir -p /etc/nginx/templates",
        `ENV PORT=80 FABRIK_RELEASE="" NGINX_ENVSUBST_FILTER="PORT|FABRIK_RELEASE"`,
        writeFile("/etc/nginx/templates/default.conf.template", site),
        writeFile("/usr/share/nginx/html/index.html", page(app)),
        "EXPOSE 80",
        ""
      ].join("\n"),
    release: { _tag: "Header", name: "x-fabrik-release" }
  }
}
