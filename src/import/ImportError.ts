import * as Schema from "effect/Schema"

/** The file cannot be read: there is no spec at all. */
export class ImportError extends Schema.TaggedError<ImportError>("fabrik/import/ImportError")("ImportError", {
  /** As the user named it. */
  file: Schema.String,
  /** 1-based; 0 when the file as a whole is the problem. */
  line: Schema.Number,
  column: Schema.Number,
  detail: Schema.String,
  /** What to do about it. */
  next: Schema.String
}) {
  override get message(): string {
    const place = this.line === 0 ? this.file : `${this.file}:${this.line}:${this.column}`
    return `${place}: ${this.detail}`
  }
}
