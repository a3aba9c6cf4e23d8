/** What went wrong with a file, for a person to read. */
import { Predicate } from "effect"
import type { PlatformError } from "effect/PlatformError"

const sentences: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is exceeded",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is not a folder",
  ENOENT: "no such file or folder",
  EISDIR: "it is a folder",
  EEXIST: "it is there already"
}

/** A platform's failure in words. */
export const inWords = ({ reason }: PlatformError): string => {
  const code = Predicate.hasProperty(reason.cause, "code") ? String(reason.cause.code) : undefined
  return (code === undefined ? undefined : sentences[code]) ?? (code ?? reason.message)
}
