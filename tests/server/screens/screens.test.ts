import { forEachDriver } from "../../support/drivers.ts";
import { screens } from "./screens.cases.ts";

forEachDriver(screens);
