/** A tokenizer as a model's folder brings it: text to token ids and back, exactly as its maker's. */
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers"
import { Result } from "effect"

export interface Tokenizer {
  /** Ids are below it. */
  readonly size: number
  readonly idOf: (token: string) => number | undefined
  /** Special tokens are recognised in the text, and none is added. What the vocabulary has nothing for is left out. */
  readonly encode: (text: string) => Int32Array
  /** Special tokens included; ids that mean nothing are left out. */
  readonly decode: (ids: Int32Array) => string
}

/** From the JSON of `tokenizer.json` and `tokenizer_config.json`, or what is wrong with them. */
export const make = (json: object, config: object): Result.Result<Tokenizer, string> =>
  Result.try({
    try: () => {
      const tokenizer = new HuggingFaceTokenizer(json, config)
      let size = 0
      for (const id of tokenizer.get_vocab().values()) size = Math.max(size, id + 1)
      return {
        size,
        idOf: (token) => tokenizer.token_to_id(token),
        encode: (text) =>
          Int32Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids.filter(Number.isInteger)),
        decode: (ids) => {
          const known = Array.from(ids).filter((id) => tokenizer.id_to_token(id) !== undefined)
          return known.length === 0 ? "" : tokenizer.decode(known, { clean_up_tokenization_spaces: false })
        }
      }
    },
    catch: (cause) => cause instanceof Error ? cause.message : String(cause)
  })
