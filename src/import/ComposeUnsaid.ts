/** What compose has a key for and an application of Coolify's does not. Facts: docs.docker.com/reference/compose-file. */
import type { Cursor } from "./Cursor.ts"
import type { Draft, Section } from "./Draft.ts"

const unsaidOfLimits = "of what a container may use, fabrik sets the memory and the processors"

const unsaid: ReadonlyArray<readonly [keys: string, reason: string, near?: Section]> = [
  [
    "extends",
    "the service has to stand here as a whole: `docker compose config` writes it so, and that can be imported"
  ],
  [
    "links",
    "applications reach each other by their `networkAliases`: give the other one this name there too"
  ],
  ["profiles", "Coolify deploys it whatever the profile is"],
  ["logging", "Coolify keeps the logs by Docker's settings of the server"],
  ["user", "Coolify starts a container as the user of its image: write USER into the Dockerfile"],
  ["working_dir", "Coolify starts a container in the folder of its image: write WORKDIR into the Dockerfile"],
  ["stop_signal", "Docker stops it as its image says: write STOPSIGNAL into the Dockerfile"],
  [
    "secrets configs",
    "Coolify mounts no such file: give what it holds as a variable under `secrets`, or as a file under `files`",
    "files"
  ],
  ["tmpfs", "Coolify mounts no memory of the server: the files go with the container"],
  ["read_only", "Coolify starts a container that can write to its own files"],
  ["extra_hosts", "Coolify hands on no such option", "runOptions"],
  [
    "network_mode pid ipc uts cgroup cgroup_parent userns_mode",
    "Coolify starts each container in its own network and namespaces"
  ],
  ["scale", "Coolify runs one container of an application"],
  ["develop", "it is for `docker compose watch` alone"],
  ["exclude_from_hc", "Coolify counts the status of each application by itself"],
  [
    "memswap_limit mem_swappiness mem_reservation cpu_quota cpu_period cpu_shares cpu_count cpu_percent cpuset cpu_rt_runtime cpu_rt_period blkio_config pids_limit oom_score_adj oom_kill_disable",
    unsaidOfLimits,
    "resources"
  ],
  [
    "device_cgroup_rules group_add runtime isolation storage_opt credential_spec domainname mac_address dns_opt dns_search use_api_socket annotations",
    "Coolify hands on no such option",
    "runOptions"
  ],
  ["labels_file label_file", "Coolify's labels are its own: what they switch on has to be set there"],
  [
    "post_start pre_stop",
    "Coolify runs nothing beside the command: put it into a script in the image",
    "command"
  ],
  [
    "volumes_from",
    "an application's volumes are its own: what both use is a directory of the server",
    "volumes"
  ],
  [
    "external_links",
    "applications reach each other by their `networkAliases`: give the other one this name there"
  ],
  ["attach", "it is for `docker compose up` at a terminal"],
  ["models provider", "Coolify runs containers alone"]
]

const unsaidOfBuilds =
  "ssh secrets platforms network shm_size labels extra_hosts additional_contexts isolation privileged ulimits entitlements tags"

const unsaidOfDeploy: ReadonlyArray<readonly [keys: string, reason: string]> = [
  [
    "update_config rollback_config",
    "fabrik takes a new version over only once it works, and puts the old one back"
  ],
  ["placement mode endpoint_mode", "it is for Docker's swarm: `server` names the server"],
  ["labels", "Coolify's labels are its own: what they switch on has to be set there"]
]

/** What of a build stays outside of the spec. */
export const leaveUnsaidBuild = (build: Cursor): void => {
  for (const key of ["cache_from", "cache_to", "no_cache", "pull", "provenance", "sbom"])
    build.key(key).needless("Coolify builds with the cache of its server", "source")
  for (const key of unsaidOfBuilds.split(" "))
    build.key(key).leave("Coolify's build is given no such thing", "build")
}

/** Each of these keys that a service has, with the reason. */
export const leaveUnsaid = (service: Cursor): void => {
  for (const [keys, reason, near] of unsaid)
    for (const key of keys.split(" ")) service.key(key).leave(reason, near)
  const deploy = service.key("deploy")
  for (const [keys, reason] of unsaidOfDeploy)
    for (const key of keys.split(" ")) deploy.key(key).leave(reason)
  for (const key of ["pids", "devices"])
    deploy.key("resources").key("limits").key(key).leave(unsaidOfLimits, "resources")
}

/** Options of `docker run` that compose has in a form of its own. */
export const readKernel = (draft: Draft, service: Cursor): void => {
  for (const limit of service.key("ulimits").pairs()) {
    const [soft, hard] = [limit.key("soft").text(), limit.key("hard").text()]
    const value = limit.text() ?? [soft, hard].filter((one) => one !== undefined).join(":")
    draft.add("runOptions", `--ulimit=${limit.name}=${value}`, limit)
  }
  const sysctls = service.key("sysctls")
  const settings =
    sysctls.kind === "Pairs"
      ? sysctls.pairs().map((one) => [`${one.name}=${one.text() ?? ""}`, one] as const)
      : sysctls.items().map((one) => [one.text() ?? "", one] as const)
  for (const [setting, from] of settings) draft.add("runOptions", `--sysctl=${setting}`, from)
}
