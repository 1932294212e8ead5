/** Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import { createHash, createHmac } from "node:crypto"

export interface AwsKey {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted.Redacted<string>
  readonly sessionToken: Redacted.Redacted<string> | undefined
}

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex")
const hmac = (key: string | Uint8Array, data: string) => createHmac("sha256", key).update(data).digest()

/** As RFC 3986 has it: encodeURIComponent leaves five characters. */
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)

/** @param nowMillis AWS refuses a clock that is more than five minutes off. */
export const sign = (
  request: HttpClientRequest.HttpClientRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsKey,
  scope: { readonly region: string; readonly service: string },
  nowMillis: number
): HttpClientRequest.HttpClientRequest => {
  const time = new Date(nowMillis).toISOString().replace(/[-:]|\.\d{3}/g, "")
  const day = time.slice(0, 8)
  const url = new URL(request.url)
  const headers: Readonly<Record<string, string>> = {
    host: url.host,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": Redacted.value(sessionToken) })
  }
  const names = Object.keys(headers).toSorted()
  const query = [...request.urlParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join("&")
  const canonical = [
    request.method,
    url.pathname,
    query,
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    sha256(request.body._tag === "Uint8Array" ? request.body.body : "")
  ].join("\n")
  const credential = [day, scope.region, scope.service, "aws4_request"]
  const text = ["AWS4-HMAC-SHA256", time, credential.join("/"), sha256(canonical)].join("\n")
  const key = credential.reduce<string | Uint8Array>(hmac, `AWS4${Redacted.value(secretAccessKey)}`)
  const { host: _, ...sent } = headers
  return HttpClientRequest.setHeaders(request, {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${credential.join("/")}, SignedHeaders=${names.join(";")}, Signature=${hmac(key, text).toString("hex")}`
  })
}

/** Whether a text can be the id of a key. */
export const isKeyId = (text: string): boolean => /^\w{16,128}$/.test(text)
