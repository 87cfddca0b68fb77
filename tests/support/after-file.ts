import { afterAll } from "vitest";
import { dropLeft } from "./database.ts";
import { killLeft } from "./processes.ts";

// The files of a worker share the modules: what one leaves behind goes with it.
afterAll(async () => {
  killLeft();
  await dropLeft();
});
