import type { UnhealthyError } from "../health/AwaitHealthy.ts"
import type { Redirect } from "../health/Redirect.ts"
import { unhealthyAdvice } from "./Advice.ts"

/** What to write where a redirect answers in the place of the application. */
export const redirectAdvice = (
  { cloudflare, endsWith, host, kind, path }: Redirect,
  { host: domain, stage }: Pick<UnhealthyError, "host" | "stage">
): { readonly cause: string; readonly next: string } => {
  switch (kind) {
    case "loop":
      return cloudflare
        ? {
            cause:
              "The redirect comes back to where it was, so a browser never arrives: with the SSL/TLS mode Flexible Cloudflare speaks http to the server, which sends it to https again.",
            next: "Set SSL/TLS to Full (strict) for the zone at Cloudflare."
          }
        : {
            cause: "The redirect comes back to where it was, so a browser never arrives.",
            next: `Look at what redirects in the application${stage === "name" ? ", and at what stands before the server" : ""}: behind Coolify's proxy it is reached by http, and has to go by the header X-Forwarded-Proto to know that the visitor came by https.`
          }
    case "insecure":
      return {
        cause: "The application sends visitors from https to plain http.",
        next: `Make it build its addresses with https (the header X-Forwarded-Proto tells it), or write a \`healthcheck.path\` that answers without a redirect.`
      }
    case "host":
      return {
        cause: `The application sends visitors of ${domain} to ${host}.`,
        next: `Write \`domain: ${host}\` if that is to be its address, set the application's own address to https://${domain}, or write a \`healthcheck.path\` that answers without a redirect.`
      }
    case "path": {
      const ends = endsWith === undefined ? "" : ` (it answers ${endsWith} in the end)`
      return {
        cause: `A health check follows no redirect${ends}.`,
        next:
          path === undefined
            ? "Write a `healthcheck.path` that answers without a redirect."
            : `Write \`healthcheck.path: ${path}\`, or the redirect's own status under \`healthcheck.status\`.`
      }
    }
    case "nowhere":
      return unhealthyAdvice.Redirect
  }
}
