/**
 * The release of BFCL that this package is exact to: which files it has, how to tell that a copy of one is right, and
 * where it is published.
 *
 * Paths are within the original's package folder `bfcl_eval`, which every place of publication holds as it is: the
 * repository, the Python package, an installed copy.
 */

/** A file that is known by its content. */
export interface PinnedFile {
  readonly path: string
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

export interface Release {
  /** For people. */
  readonly name: string
  /** As a part of a path. */
  readonly id: string
  /** The package folder over HTTP. */
  readonly url: string
  /** What `pip` is asked for. */
  readonly requirement: string
  /** The Python package, by the name of its file. */
  readonly wheel: PinnedFile
  /** Copied into a benchmark's folder as they are, `data/x` to `x`. */
  readonly data: ReadonlyArray<PinnedFile>
  /** The Python module of the long-context constants. */
  readonly longContext: PinnedFile
  /** What `LongContext.ofModule` makes of it, in a benchmark's folder. */
  readonly longContextJson: PinnedFile
}

/** A line of checksums: `sha256 bytes path`. */
const pinned = (line: string): PinnedFile => {
  const [sha256 = "", bytes = "", path = ""] = line.split(" ")
  return { path, bytes: Number(bytes), sha256 }
}

const commit = "6ea57973c7a6097fd7c5915698c54c17c5b1b6c8"

const data = `\
40fc21d4528af53c6b44204def89e81515d0101654229e2c2e82bbf5f047b14f 33237 data/BFCL_v4_memory.json
1a21a995d06fd6f20ba55de7bced30ef953ec35e998f502ec2ecf4d66ef1c43a 390425 data/BFCL_v4_multi_turn_base.json
78c3268c5cc8e97c0f4ec6c811b3b9a2bba14323b1830b7a874b06d822749324 392016 data/BFCL_v4_multi_turn_long_context.json
87d28ce10e37d864b72de85d5732eef2a867b241d6c1c99b4ae682c9e3ea921c 401159 data/BFCL_v4_multi_turn_miss_func.json
f0c66dda3795f5f53e3e1c0cc8ba0246b6761c8f58bdba8317203bf451ab8838 402974 data/BFCL_v4_multi_turn_miss_param.json
6fc41d96d003dc849028966a782923560d2fc127ed2088aa967f06daaafa4268 36984 data/BFCL_v4_web_search.json
806ac91e558e3d933e526ecc0c286e417657f76a3c9b9073eef830a532eb4eb2 74686 data/memory_prereq_conversation/memory_customer.json
3cef1f235667f479b8f45c7082247454b2129ee88fe4fbcdbc53fd2cdf495b75 32819 data/memory_prereq_conversation/memory_finance.json
56e7bd7b2e7c01efe81f1e0be85149ea3886bb2d9cb59f90e9d9e27b91f4604d 25116 data/memory_prereq_conversation/memory_healthcare.json
07f3239ef2e9e1421901f05d3c8192469fa129324e124a47bcb35ff9c7785c91 5251 data/memory_prereq_conversation/memory_notetaker.json
e2d6c32e9e2671c61f682e845dcdafd9eee7c9f3e2d5da1615d3afd2aeecf2f0 97092 data/memory_prereq_conversation/memory_student.json
c4c1b741c71e2a17c97a5dc9c4a91d89978c4eaece56494d14272d5df6c650e9 13953 data/multi_turn_func_doc/gorilla_file_system.json
83fa31708c89442bdcf12ac4dfbe3be8663ec9183a1b1524a9fda98164bc7e0b 9158 data/multi_turn_func_doc/math_api.json
96480cd9cbd3d4a34cd8f78879bc6622731768a26e080f7a34782e36e3402287 9087 data/multi_turn_func_doc/memory_kv.json
4ceff946df00983c7f0b95d1b70ae402247f3312fb898bac9ecfa1de52f5a783 2501 data/multi_turn_func_doc/memory_rec_sum.json
917908ca99fdd01e203274b7ec6eb2347fa91d57f3c6341e20945cc9c9d746cf 7287 data/multi_turn_func_doc/memory_vector.json
4d58ea933a5d2b280d7a52366617fb47fecd333d7b0e08e724db6fa12fb5f847 6027 data/multi_turn_func_doc/message_api.json
87f9fc404a06e4107d7c366f1399c596440e84c16cb119faf374b2f532d86e8b 10573 data/multi_turn_func_doc/posting_api.json
31324e0380782664fe82ba05bd23517808ad55692b45a5fe7c3d4d395fe4f0f8 6648 data/multi_turn_func_doc/ticket_api.json
1a7933fd8f0cb8fbec38aeae05cb8c24132747cad4904fe1c13ac3d01fc22c2d 12608 data/multi_turn_func_doc/trading_bot.json
f17b950c13adddf41d0848077df58788252e4c2e7cad5cfa71c8c4bf04f57b26 16979 data/multi_turn_func_doc/travel_booking.json
0c8a66292844874ef7b168f343bc394d8615d2d9e1f4387999a9ee23011eac78 17545 data/multi_turn_func_doc/vehicle_control.json
61fcee411e35f7ff67415e18cd67276615cf06e1c8841a683d2d997dbb46eac5 2252 data/multi_turn_func_doc/web_search.json
2355cf8d842f94af6bcb7bfa6ad2f9e472bc6d825d6ecd45702cfc41e27d7e5d 28325 data/possible_answer/BFCL_v4_memory.json
1fee67823b317571649177dd89d63969feaae4e810cc7448ee55ba797fb7c8fc 78931 data/possible_answer/BFCL_v4_multi_turn_base.json
e82aa0e839c39d23c64a05834f7ae024d7c9738ec21738ecee78dc876e3d0d18 114439 data/possible_answer/BFCL_v4_multi_turn_long_context.json
69e679b806d1c871b05393a4b95583bb973248e5b8d96c2d7f4ca05e29fc32e6 80589 data/possible_answer/BFCL_v4_multi_turn_miss_func.json
59c442901779e2c31c33abcd566d032e03736e5ad8069de2fe05489873046ecf 80816 data/possible_answer/BFCL_v4_multi_turn_miss_param.json
771cab45fdad5744563456801d4623a42c5a358f10514b9b9105d2f6052b4999 75962 data/possible_answer/BFCL_v4_web_search.json`

/** BFCL V4 of 2026-03-23: the multi-turn categories, and the agentic ones. */
export const bfcl: Release = {
  name: `BFCL v4 (commit ${commit.slice(0, 8)})`,
  id: `bfcl-${commit.slice(0, 8)}`,
  url: `https://raw.githubusercontent.com/ShishirPatil/gorilla/${commit}/berkeley-function-call-leaderboard/bfcl_eval`,
  requirement: "bfcl-eval==2026.3.23",
  wheel: pinned(
    "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a 1925664 bfcl_eval-2026.3.23-py3-none-any.whl"
  ),
  data: data.split("\n").map(pinned),
  longContext: pinned(
    "5c9a5710115609c779e5b2ccb43f6ad58271ed96f2ea7a797edb0d65c385aa38 190330 "
      + "eval_checker/multi_turn_eval/func_source_code/long_context.py"
  ),
  longContextJson: pinned("28e977550bb28acf1eb498c994e38f494a70121bb0a3b3c1080054f726cae06c 187194 long_context.json")
}

/** Where a file of the data lies in a benchmark's folder. */
export const nameOf = ({ path }: PinnedFile): string => path.replace(/^data\//, "")
