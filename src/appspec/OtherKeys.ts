/** What is said of keys that a spec does not have, and that other tools or older habits put there. */
import type { OtherKeys } from "./Form.ts"

const certificates = "Coolify's proxy has a certificate made for each domain by itself: remove it"
const dockerOptions = "options of `docker run` stand under `runOptions`"
const oneContainer = "Coolify runs one container of an application: remove it"
const variablesFile =
  "what is secret comes from .env by its name under `secrets`; all else stands under `env`"
const otherResources =
  "other specs stand under `needs`, and databases under `databases`: `databases: { main: postgres:17 }`"

export const otherKeys: OtherKeys = {
  later: ["hooks"],
  elsewhere: {
    depends: otherResources,
    depends_on: otherResources,
    dependsOn: otherResources,
    backup:
      "write it under a database: `databases: { main: { engine: postgres:17, backup: { schedule: daily, keep: 7 } } }`",
    backups:
      "write `backup` under a database: `databases: { main: { engine: postgres:17, backup: { schedule: daily, keep: 7 } } }`",
    postgres: "write it under `databases`: `databases: { main: postgres:17 }`",
    redis: "write it under `databases`: `databases: { cache: redis:7 }`",
    auth: "did you mean `basicAuth`?",
    branch: "write it under `source`",
    buildPack: "write it under `source`",
    baseDirectory: "write it under `source`",
    directory: "write `baseDirectory` under `source`",
    repo: "write `git` under `source`",
    repository: "write `git` under `source`",
    cap_add: dockerOptions,
    privileged: dockerOptions,
    crons: "did you mean `schedules`?",
    entrypoint: "did you mean `command`? It replaces the image's ENTRYPOINT and CMD",
    env_file: variablesFile,
    envFile: variablesFile,
    host: "did you mean `domain`?",
    hostname: "did you mean `domain`?",
    url: "did you mean `domain`?",
    hosts: "did you mean `domains`?",
    instances: oneContainer,
    pre_deploy: "did you mean `release`?",
    run: "did you mean `command`?",
    static:
      "name the folder that is served: `build: { publish: dist }`, or `source: { buildPack: static }` for one as it is",
    storage: "did you mean `volumes`?",
    storages: "did you mean `volumes`?",
    persist: "did you mean `volumes`?",
    ssl: certificates,
    tls: certificates,
    workers: "did you mean `processes`?",
    www: "did you mean `redirect: www`?",
    image: "write it under `source`: `source: { image: nginx:1.27 }`",
    git: "write it under `source`: `source: { git: https://... }`",
    dockerfile: "write it under `source`",
    variables: "did you mean `env`?",
    aliases: "did you mean `networkAliases`?",
    auto_deploy: "did you mean `autoDeploy`?",
    buildCommand: "write `command` under `build`",
    cmd: "did you mean `command`?",
    migrate: "did you mean `release`?",
    preDeployCommand: "did you mean `release`?",
    release_command: "did you mean `release`?",
    cron: "write it under `schedules`: `schedules: { nightly: { cron, command } }`",
    jobs: "did you mean `schedules`?",
    scheduledTasks: "did you mean `schedules`?",
    cpu: "write `cpus` under `resources`",
    cpus: "write it under `resources`",
    installCommand: "write `install` under `build`",
    labels:
      "Coolify makes all labels of an application anew when its domains or what its proxy asks for change, and drops others without a word: write them into the image (`LABEL` in its Dockerfile)",
    limits: "did you mean `resources`?",
    mem_limit: "write `memory` under `resources`",
    memory: "write it under `resources`",
    options: dockerOptions,
    stop_grace_period: "did you mean `stopGracePeriod`?",
    start: "did you mean `command`?",
    startCommand: "did you mean `command`?",
    start_command: "did you mean `command`?",
    provider: "write it under `dns`",
    builder: "write `buildPack` under `source`",
    configs: "did you mean `files`?",
    mounts: "did you mean `volumes` or `files`?",
    replicas: oneContainer,
    restart: "Coolify restarts what exits by itself: remove it",
    rootDir: "write `baseDirectory` under `source`",
    scale: oneContainer,
    compose: "write it under `source`: `source: { compose: ./compose.yaml }`",
    services: "a compose file is no spec: name it in one, `source: { compose: ./compose.yaml }`",
    path: "write it under `healthcheck`"
  }
}
