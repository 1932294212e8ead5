/** A certificate authority for tests. */
import { webcrypto } from "node:crypto"

// The DI container inside @peculiar/x509 refuses to load without a metadata reflection; it needs it for nothing here.
if (!Reflect.has(Reflect, "getMetadata")) {
  const none = () => undefined
  Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none, defineMetadata: none })
}
const x509 = await import("@peculiar/x509")
x509.cryptoProvider.set(webcrypto)

const day = 24 * 60 * 60 * 1000
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }
const newKeys = () =>
  webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>

export interface ServerCertificate {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  readonly names: ReadonlyArray<string>
  readonly notBefore?: number
  readonly notAfter?: number
  readonly selfSigned?: boolean
}

export const makeAuthority = async (name: string) => {
  const keys = await newKeys()
  const now = Date.now()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(now - day),
    notAfter: new Date(now + 3650 * day),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)
    ]
  })
  const issue = async (options: CertificateOptions): Promise<ServerCertificate> => {
    const own = await newKeys()
    const common = {
      signingAlgorithm: algorithm,
      notBefore: new Date(options.notBefore ?? now - 10 * day),
      notAfter: new Date(options.notAfter ?? now + 90 * day),
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          options.names.map((value) => ({ type: "dns" as const, value }))
        )
      ]
    }
    const subject = `CN=${options.names[0] ?? "none"}`
    const cert = options.selfSigned
      ? await x509.X509CertificateGenerator.createSelfSigned({ ...common, name: subject, keys: own })
      : await x509.X509CertificateGenerator.create({
          ...common,
          subject,
          issuer: ca.subject,
          publicKey: own.publicKey,
          signingKey: keys.privateKey
        })
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", own.privateKey)).toString("base64")
    return {
      cert: cert.toString("pem"),
      key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, "$&\n")}\n-----END PRIVATE KEY-----\n`
    }
  }
  return { pem: ca.toString("pem"), issue }
}
