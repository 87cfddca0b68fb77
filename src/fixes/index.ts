export {
  countByTable,
  type KeptChange,
  keptChangeSchema,
  type RowChange,
  type RowsByTable,
  rowChangeSchema,
  rowChangesSchema,
  rowsByTableSchema,
} from "./changes.ts";
export {
  batch,
  commitPiece,
  isMomentary,
  lockTimeout,
  persistently,
  type Recorder,
  rounds,
} from "./pieces.ts";
export { type Reference, references, type StandInTable } from "./references.ts";
export { type FixKind, recorded, runFix, undoRecorded } from "./run-fix.ts";
export { isLive, standInName, standInValues } from "./stand-ins.ts";
export { type Undo, undoChangesWithin } from "./undo.ts";
