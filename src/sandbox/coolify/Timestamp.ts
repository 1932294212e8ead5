/** Laravel's form: microseconds and `Z`. */
export const timestamp = (epochMillis: number): string =>
  new Date(epochMillis).toISOString().replace("Z", "000Z")

export const stamps = (row: { readonly created_at: number; readonly updated_at: number }) => ({
  created_at: timestamp(row.created_at),
  updated_at: timestamp(row.updated_at)
})
