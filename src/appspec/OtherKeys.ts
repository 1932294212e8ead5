/** What is said of keys that a spec does not have, and that other tools or older habits put there. */
import type { OtherKeys } from "./Form.ts"

export const otherKeys: OtherKeys = {
  later: ["hooks"],
  elsewhere: {
    depends: "did you mean `needs`?",
    depends_on: "did you mean `needs`?",
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
    options: "options of `docker run` stand under `runOptions`",
    stop_grace_period: "did you mean `stopGracePeriod`?",
    start: "did you mean `command`?",
    startCommand: "did you mean `command`?",
    start_command: "did you mean `command`?",
    provider: "write it under `dns`",
    builder: "write `buildPack` under `source`",
    configs: "did you mean `files`?",
    mounts: "did you mean `volumes` or `files`?",
    replicas: "Coolify runs one container of an application: remove it",
    restart: "Coolify restarts what exits by itself: remove it",
    rootDir: "write `baseDirectory` under `source`",
    scale: "Coolify runs one container of an application: remove it",
    compose: "write it under `source`: `source: { compose: ./compose.yaml }`",
    services: "a compose file is no spec: name it in one, `source: { compose: ./compose.yaml }`",
    path: "write it under `healthcheck`"
  }
}
