export { type EraseUserOptions, type ErasurePreview, eraseUser } from "./erase-user.ts";
export { type ExportUserOptions, exportUser } from "./export-user.ts";
export { manifestSchema, type UserManifest } from "./manifest.ts";
export { type Receipt, receiptSchema } from "./receipt.ts";
