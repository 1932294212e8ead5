/** A run that meets all that can be waited for, fails, and is rolled back. */
import type { DeploymentEvent } from "../../src/engine/DeploymentEvent.ts"

const started = (id: number, what: string, address: string): DeploymentEvent => ({
  _tag: "ChangeStarted",
  id,
  what,
  address
})
const ended = (id: number, address: string): DeploymentEvent => ({
  _tag: "ChangeFinished",
  id,
  address,
  made: true
})
const created = (system: "coolify" | "dns", kind: string, name: string): DeploymentEvent => ({
  _tag: "ResourceChanged",
  system,
  kind,
  name,
  action: "created"
})
const planned = (system: "coolify" | "dns", kind: string, name: string) =>
  ({ system, kind, name, action: "create", fields: [] }) as const
const log = (text: string): DeploymentEvent => ({ _tag: "DeploymentLog", stream: "stdout", text })
const record = "dns/record shop.example.com A"

export const failing: ReadonlyArray<readonly [second: number, event: DeploymentEvent]> = [
  [
    0,
    {
      _tag: "RunStarted",
      command: "apply",
      name: "shop",
      domain: "shop.example.com",
      domains: ["shop.example.com"],
      mode: "live"
    }
  ],
  [1, { _tag: "StepStarted", step: "validate" }],
  [1, { _tag: "StepFinished", step: "validate", millis: 3 }],
  [1, { _tag: "StepStarted", step: "secrets" }],
  [1, { _tag: "StepFinished", step: "secrets", millis: 12 }],
  [3, { _tag: "StateChanged", from: "VALIDATING", to: "PROVISIONING" }],
  [
    3,
    {
      _tag: "Planned",
      plan: {
        name: "shop",
        domain: "shop.example.com",
        project: "acme",
        environment: "production",
        server: "vps1",
        basis: "observed",
        changes: [
          planned("coolify", "project", "acme"),
          planned("coolify", "application", "shop"),
          planned("coolify", "database", "main"),
          planned("coolify", "variable", "PORT"),
          planned("dns", "record", "shop.example.com A")
        ],
        notes: []
      }
    }
  ],
  [3, { _tag: "StepStarted", step: "provision", next: ["deploy", "verify"] }],
  [3, started(1, "project acme", "coolify/project acme")],
  [3, started(2, "record shop.example.com A", record)],
  [4, ended(1, "coolify/project acme")],
  [4, created("coolify", "project", "acme")],
  [4, started(3, "application shop", "coolify/application shop")],
  [4, started(4, "database main", "coolify/database main")],
  [5, ended(2, record)],
  [5, created("dns", "record", "shop.example.com A")],
  [
    5,
    {
      _tag: "DnsChecked",
      name: "shop.example.com",
      right: 1,
      total: 2,
      detail: "ns1: 192.0.2.10; ns2: 192.0.2.1",
      behind: ["ns2.example.net (192.0.2.1)"],
      address: record
    }
  ],
  [5, ended(3, "coolify/application shop")],
  [5, created("coolify", "application", "shop")],
  [5, ended(4, "coolify/database main")],
  [5, created("coolify", "database", "main")],
  [
    5,
    {
      _tag: "DatabaseChecked",
      name: "main",
      status: "exited:unhealthy",
      ready: false,
      address: "coolify/database main"
    }
  ],
  [
    7,
    {
      _tag: "Retrying",
      what: "Coolify putVariables",
      why: "RateLimited",
      delayMillis: 2000,
      api: "Coolify",
      method: "putVariables"
    }
  ],
  [7, { _tag: "RequestsSpaced", limit: 200, left: 12, everyMillis: 4200 }],
  [
    9,
    {
      _tag: "DatabaseChecked",
      name: "main",
      status: "running:healthy",
      ready: true,
      address: "coolify/database main"
    }
  ],
  [
    9,
    {
      _tag: "DnsChecked",
      name: "shop.example.com",
      right: 2,
      total: 2,
      detail: "",
      behind: [],
      address: record
    }
  ],
  [9, { _tag: "StepFinished", step: "provision", millis: 6000 }],
  [9, { _tag: "StepStarted", step: "deploy", next: ["verify"] }],
  [9, { _tag: "DeploymentProgress", deployment: "d1", status: "queued", ahead: 2 }],
  [10, { _tag: "DeploymentProgress", deployment: "d1", status: "queued", ahead: 0 }],
  [11, { _tag: "DeploymentProgress", deployment: "d1", status: "in_progress" }],
  [11, log("#8 [4/7] RUN npm ci --omit=dev")],
  [12, log("#8 ✅ added 312 packages, and audited 313 packages in 41s, 日本語 included, at last\n")],
  [13, { _tag: "DeploymentProgress", deployment: "d1", status: "finished" }],
  [13, { _tag: "StepFinished", step: "deploy", millis: 4000 }],
  [13, { _tag: "StepStarted", step: "verify" }],
  [
    13,
    {
      _tag: "HealthAttempted",
      stage: "origin",
      attempt: 1,
      ok: false,
      detail: "answered 502 (Bad Gateway), expected 200",
      left: 9
    }
  ],
  [14, { _tag: "HealthAttempted", stage: "origin", attempt: 2, ok: true, detail: "answered 200 in 12 ms" }],
  [15, { _tag: "HealthAttempted", stage: "name", attempt: 3, ok: true, detail: "answered 200 in 9 ms" }],
  [15, { _tag: "Settling", millis: 10_000 }],
  [16, { _tag: "ApiAway", why: "connection refused", limitMillis: 300_000 }],
  [18, { _tag: "ApiBack", millis: 2000 }],
  [
    19,
    {
      _tag: "LogTails",
      step: "verify",
      deployment: [],
      container: ["listening on :3000", "panic: no database"]
    }
  ],
  [19, { _tag: "StateChanged", from: "VERIFYING", to: "ROLLING_BACK" }],
  [
    19,
    {
      _tag: "UndoStarted",
      what: "record shop.example.com A",
      id: 2,
      address: record
    }
  ],
  [20, { _tag: "UndoFinished", what: "record shop.example.com A", how: "removed", id: 2, address: record }],
  [20, { _tag: "UndoStarted", what: "application shop", id: 3, address: "coolify/application shop" }],
  [
    22,
    {
      _tag: "UndoFinished",
      what: "application shop",
      how: "removed",
      id: 3,
      address: "coolify/application shop"
    }
  ],
  [22, { _tag: "UndoStarted", what: "project acme", id: 1, address: "coolify/project acme" }],
  [
    23,
    {
      _tag: "UndoFailed",
      leftover: {
        what: "project acme",
        why: "others live in it by now",
        next: "look at it",
        recoverable: false
      },
      id: 1,
      address: "coolify/project acme"
    }
  ],
  [23, { _tag: "StateChanged", from: "ROLLING_BACK", to: "FAILED" }],
  [
    23,
    {
      _tag: "RunFinished",
      outcome: "leftovers",
      url: null,
      undone: [],
      leftovers: [],
      interrupted: false,
      millis: 23_000
    }
  ]
]
