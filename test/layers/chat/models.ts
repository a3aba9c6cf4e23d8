/**
 * Folders of models that never were: a byte-level vocabulary with a few merges, and chat templates in the manner of
 * each family, in words of our own.
 */
import { Effect } from "effect"
import { writeFolder } from "../benchmark.ts"

const seen = (byte: number): boolean => byte >= 33 && byte <= 126 || byte >= 161 && byte <= 172 || byte >= 174

/** Byte -> the character that stands for it in a byte-level vocabulary: itself where it can be seen, else one beyond. */
const byteCharacters: ReadonlyArray<string> = (() => {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(seen(byte) ? byte : next++))
})()

const spelled = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => byteCharacters[byte]).join("")

/** Merges across the places where templates and completions meet, among others. */
const merges = [["\n", "\n"], ["t", "h"], ["th", "e"], [" ", "the"], ["o", "n"], ["<", "t"], [":", " "], ["{", "\""]]
  .map(([left = "", right = ""]) => [spelled(left), spelled(right)] as const)

const vocabulary = [...byteCharacters, ...merges.map(([left, right]) => left + right)]

const tokenizerOf = (added: ReadonlyArray<string>): object => ({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: added.map((content, i) => ({
    id: vocabulary.length + i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: content.startsWith("<|")
  })),
  normalizer: { type: "NFC" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      {
        type: "Split",
        pattern: {
          Regex: "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
        },
        behavior: "Isolated",
        invert: false
      },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false }
    ]
  },
  post_processor: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
  decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: "",
    end_of_word_suffix: "",
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    merges
  }
})

/** Tools before everything, calls and results between tags; the past stays. */
const tagged = `{%- if tools %}
{{- '<|im_start|>system\\n' + (messages[0].content if messages[0].role == 'system' else 'Help.') + '\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
{{- '\\n</tools><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' %}
{{- '<|im_start|>user\\n' + message.content + '<|im_end|>\\n' }}
{%- elif message.role == 'assistant' %}
{{- '<|im_start|>assistant\\n' }}REASONING
{{- message.content }}
{%- for call in message.tool_calls or [] %}
{{- '\\n' if message.content or not loop.first else '' }}
{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) }}
{{- '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}THINKING
{%- endif %}`

const withoutThoughts = tagged.replace("REASONING", "").replace("THINKING", "")

/** Reasoning is shown behind the last request alone, and where it is empty only in the last message. */
const withThoughts = tagged
  .replace(
    "REASONING",
    `{%- set last = namespace(request=-1) %}
{%- for other in messages %}{%- if other.role == 'user' %}{%- set last.request = loop.index0 %}{%- endif %}{%- endfor %}
{%- if loop.index0 > last.request and (loop.last or message.reasoning_content) %}
{{- '<think>\\n' + (message.reasoning_content or '').strip('\\n') + '\\n</think>\\n\\n' }}
{%- endif %}`
  )
  .replace(
    "THINKING",
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
  )

/** Tools in the first request, one call a message as a bare object, results as JSON of a role of their own. */
const bare = `{{- bos_token }}
{%- set request = namespace(first=true) %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
{{- '<|start_header_id|>ipython<|end_header_id|>\\n\\n' + (message.content | tojson) + '<|eot_id|>' }}
{%- elif message.tool_calls %}
{%- if message.tool_calls | length != 1 %}{{- raise_exception('one call a message, please') }}{%- endif %}
{%- set call = message.tool_calls[0].function %}
{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n{"name": "' + call.name + '", "parameters": ' }}
{{- (call.arguments | tojson) + '}<|eot_id|>' }}
{%- else %}
{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' }}
{%- if message.role == 'user' and request.first %}
{%- set request.first = false %}
{%- for tool in tools or [] %}{{- (tool | tojson(indent=4)) + '\\n\\n' }}{%- endfor %}
{%- endif %}
{{- message.content | trim }}
{{- '<|eot_id|>' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}`

/** Knows neither tools nor thoughts. */
const plain =
  `{%- for message in messages %}{{- '[' + message.role + '] ' + message.content + '<|end|>\\n' }}{%- endfor %}
{%- if add_generation_prompt %}{{- '[assistant] ' }}{%- endif %}`

const im = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"]

const models = {
  qwen2_5: { added: im, template: withoutThoughts, eos: "<|im_end|>" },
  qwen3: { added: [...im, "<think>", "</think>"], template: withThoughts, eos: "<|im_end|>" },
  llama3_1: {
    added: ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>"],
    template: bare,
    eos: "<|eot_id|>",
    bos: "<|begin_of_text|>"
  },
  plain: { added: ["<|end|>"], template: plain, eos: "<|end|>" }
} as const

export type Model = keyof typeof models

/** The files of a model's folder. */
export const filesOf = (model: Model): Record<string, string> => {
  const { added, eos, template, ...rest } = models[model]
  return {
    "tokenizer.json": JSON.stringify(tokenizerOf(added)),
    "tokenizer_config.json": JSON.stringify({
      ...("bos" in rest && { bos_token: rest.bos }),
      eos_token: { content: eos, lstrip: false },
      chat_template: template,
      clean_up_tokenization_spaces: true
    })
  }
}

/** A folder of the model, with files changed or, where they are undefined, left out. */
export const folderOf = Effect.fnUntraced(function*(model: Model, changes: Record<string, string | undefined> = {}) {
  const files: Record<string, string> = {}
  for (const [name, text] of Object.entries({ ...filesOf(model), ...changes })) {
    if (text !== undefined) files[name] = text
  }
  return yield* writeFolder(files)
})
