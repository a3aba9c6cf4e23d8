/** Fields as Tinker's messages have them. */
import { Effect, Option, Predicate, Schema, SchemaGetter } from "effect"

/** Left out of what is written when it is absent; servers also write null for that. */
export const maybe = <S extends Schema.Top>(schema: S) =>
  Schema.optionalKey(Schema.NullOr(schema)).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.toType(schema)), {
      decode: SchemaGetter.transformOptional(Option.filter(Predicate.isNotNull)),
      encode: SchemaGetter.passthrough()
    })
  )

/** The constant by which a message says what it is: always written, never asked for. */
export const type = (name: string) =>
  Schema.optionalKey(Schema.Unknown).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.Never), {
      decode: SchemaGetter.omit(),
      encode: SchemaGetter.transformOptional(() => Option.some(name))
    })
  )

/** Written as it is, and `value` where a writer left it out. */
export const withDefault = <S extends Schema.Top>(schema: S, value: S["Encoded"]) =>
  Schema.withDecodingDefaultKey(Effect.succeed(value))(schema)
