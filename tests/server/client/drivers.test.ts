import { forEachDriver } from "../../support/drivers.ts";
import { screens } from "../screens/screens.cases.ts";
import { errors } from "./errors.cases.ts";
import { sessions } from "./sessions.cases.ts";
import { softDeletion } from "./soft-delete.cases.ts";

forEachDriver((application) => {
  sessions(application);
  errors(application);
  softDeletion(application);
  screens(application);
});
