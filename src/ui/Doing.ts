/** What a request to a service was to do, in words. */
import * as Coolify from "../coolify/Doing.ts"
import * as Dns from "../dns/Doing.ts"

/** `could not create the application`. */
export const doing = ({ method }: { readonly method: string }): string =>
  `could not ${Dns.doingOf(Coolify.doingOf(method))}`
