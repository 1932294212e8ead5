/** The parts that providers share: XML, signatures. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { sign } from "../../../src/dns/route53/Signature.ts"
import { childAt, escapeXml, parseXml } from "../../../src/dns/Xml.ts"

describe("parseXml", () => {
  it.prop("reads back any text and attribute", [FastCheck.string(), FastCheck.string()], ([text, value]) => {
    const source = `<?xml version="1.0"?>\n<a><b at="${escapeXml(value)}">${escapeXml(text)}</b><c/></a>\n`
    const b = childAt(Option.getOrUndefined(parseXml(source)), "b")
    assert.strictEqual(b?.text, text)
    assert.strictEqual(b?.attributes.get("at"), value)
  })

  it.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a>&other;</a>",
    "<a>&</a>",
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "<a b=c/>",
    "<a>]]></a",
    "<html><br></html>"
  ])("refuses %j", (source) => {
    assert.isTrue(Option.isNone(parseXml(source)))
  })
})

describe("sign", () => {
  // AWS's own test suite for Signature Version 4: get-vanilla.
  it("makes the signature of AWS's example", () => {
    const signed = sign(
      HttpClientRequest.get("https://example.amazonaws.com/"),
      {
        accessKeyId: "AKIDEXAMPLE",
        secretAccessKey: Redacted.make("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        sessionToken: undefined
      },
      { region: "us-east-1", service: "service" },
      Date.UTC(2015, 7, 30, 12, 36, 0)
    )
    assert.strictEqual(
      signed.headers["authorization"],
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )
  })
})
