export interface CoolifyWorld {
  readonly projects: ReadonlyArray<unknown>
  readonly containers: ReadonlyArray<unknown>
}
