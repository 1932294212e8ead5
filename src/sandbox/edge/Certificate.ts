/** Certificates for the sandbox's TLS: ECDSA P-256, RFC 5280. */
import * as crypto from "node:crypto"
import * as Der from "./Der.ts"

export interface KeyAndCertificate {
  /** PKCS #8, PEM. */
  readonly key: string
  /** PEM. */
  readonly certificate: string
}

const hour = 3_600_000
export const day = 24 * hour

const ecdsaWithSha256 = Der.sequence(Der.objectId("1.2.840.10045.4.3.2"))

const commonName = (name: string): Buffer =>
  Der.sequence(Der.set(Der.sequence(Der.objectId("2.5.4.3"), Der.utf8String(name))))

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  Der.sequence(Der.objectId(id), ...(critical ? [Der.boolean(true)] : []), Der.octetString(value))

/** The identifier of a key: SHA-1 over its encoded form, as far as 160 bits go. */
const keyId = (spki: Buffer): Buffer => crypto.createHash("sha1").update(spki).digest()

const authorityExtensions = [
  extension("2.5.29.19", true, Der.sequence(Der.boolean(true), Der.integer(Buffer.from([0])))),
  // keyCertSign and cRLSign
  extension("2.5.29.15", true, Der.bitString(Buffer.from([0x06]), 1))
]

const serverExtensions = (host: string): ReadonlyArray<Buffer> => [
  extension("2.5.29.19", true, Der.sequence()),
  // digitalSignature
  extension("2.5.29.15", true, Der.bitString(Buffer.from([0x80]), 7)),
  // serverAuth
  extension("2.5.29.37", false, Der.sequence(Der.objectId("1.3.6.1.5.5.7.3.1"))),
  extension("2.5.29.17", false, Der.sequence(Der.implicit(2, Buffer.from(host, "ascii"))))
]

interface Template {
  readonly subject: string
  readonly issuer: string
  /** Signs; the subject's own key when absent. */
  readonly issuerKey: crypto.KeyObject | undefined
  readonly notBefore: number
  readonly notAfter: number
  readonly extensions: ReadonlyArray<Buffer>
}

const spkiOf = (key: crypto.KeyObject): Buffer => key.export({ type: "spki", format: "der" })

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`

const make = (template: Template): KeyAndCertificate => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
  const signer = template.issuerKey ?? privateKey
  const spki = spkiOf(publicKey)
  const issuerSpki = spkiOf(crypto.createPublicKey(signer))
  const body = Der.sequence(
    Der.explicit(0, Der.integer(Buffer.from([2]))),
    Der.integer(crypto.randomBytes(16)),
    ecdsaWithSha256,
    commonName(template.issuer),
    Der.sequence(Der.time(template.notBefore), Der.time(template.notAfter)),
    commonName(template.subject),
    spki,
    Der.explicit(
      3,
      Der.sequence(
        ...template.extensions,
        extension("2.5.29.14", false, Der.octetString(keyId(spki))),
        extension("2.5.29.35", false, Der.sequence(Der.implicit(0, keyId(issuerSpki))))
      )
    )
  )
  const signature = crypto.sign("sha256", body, signer)
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: pem(Der.sequence(body, ecdsaWithSha256, Der.bitString(signature)))
  }
}

const authorityName = "fabrik sandbox CA"

/** A certificate authority for ten years. Times in milliseconds since the epoch. */
export const makeAuthority = (now: number): KeyAndCertificate =>
  make({
    subject: authorityName,
    issuer: authorityName,
    issuerKey: undefined,
    notBefore: now - hour,
    notAfter: now + 3650 * day,
    extensions: authorityExtensions
  })

/** A certificate for `host`, for 90 days as Let's Encrypt's. */
export const issue = (authority: KeyAndCertificate, host: string, now: number): KeyAndCertificate =>
  make({
    // A common name holds 64 characters at most; the host that counts is the alternative name.
    subject: host.slice(0, 64),
    issuer: authorityName,
    issuerKey: crypto.createPrivateKey(authority.key),
    notBefore: now - hour,
    notAfter: now + 90 * day,
    extensions: serverExtensions(host)
  })

/** What a Traefik without a certificate for the host presents: signed by itself, for a name nobody asks for. */
export const makeDefault = (now: number): KeyAndCertificate =>
  make({
    subject: "TRAEFIK DEFAULT CERT",
    issuer: "TRAEFIK DEFAULT CERT",
    issuerKey: undefined,
    notBefore: now - hour,
    notAfter: now + 365 * day,
    extensions: serverExtensions("sandbox.traefik.default")
  })

/** Milliseconds since the epoch. */
export const expiryOf = (certificate: string): number =>
  Date.parse(new crypto.X509Certificate(certificate).validTo)

/** Whether the two belong together and can be read at all. */
export const isUsable = ({ key, certificate }: KeyAndCertificate): boolean => {
  try {
    return new crypto.X509Certificate(certificate).checkPrivateKey(crypto.createPrivateKey(key))
  } catch {
    return false
  }
}
