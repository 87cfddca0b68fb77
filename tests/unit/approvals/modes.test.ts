import { describe, expect, test } from "vitest";
import {
  type Answers,
  type Ask,
  askFor,
  objection,
  parseWatch,
  questionsOf,
  requireAnswers,
  unanswered,
} from "../../../packages/drizzle-deploy/src/approvals/modes.ts";

const everything: Answers = {
  executor: "ana",
  approver: "Bruno Lima",
  ticket: "CHG-1",
  backup: "2026-02-14",
  window: "Sunday 03:00",
  notice: "all teams",
  goAhead: true,
  signedOffBy: "ana",
  watch: 60,
  secondSignOffBy: "Clara Reis",
};

const names = (mode: "quick" | "guided" | "enterprise") => questionsOf(mode).map(({ name }) => name);

describe("what a mode asks", () => {
  test("quick: a restore point, and nothing else", () => {
    expect(names("quick")).toEqual(["backup"]);
  });

  test("each mode asks all that the one before asks", () => {
    expect(names("guided")).toEqual(expect.arrayContaining(names("quick")));
    expect(names("enterprise")).toEqual(expect.arrayContaining(names("guided")));
    expect(names("enterprise")).toEqual(
      expect.arrayContaining(["ticket", "approver", "watch", "secondSignOffBy"]),
    );
  });

  test("blank answers are none", () => {
    expect(unanswered("quick", { executor: "ana", backup: "  " }).map(({ name }) => name)).toEqual([
      "backup",
    ]);
    expect(unanswered("guided", { ...everything, goAhead: false }).map(({ name }) => name)).toEqual([
      "goAhead",
    ]);
  });
});

describe("where nobody can be asked", () => {
  test.each(questionsOf("enterprise").map(({ name, flag }) => [flag, name] as const))(
    "a missing %s is named",
    (flag, name) => {
      const { [name]: _, ...answers } = everything;
      expect(() => requireAnswers("enterprise", answers)).toThrow(
        expect.objectContaining({ code: "ANSWER_MISSING", message: expect.stringContaining(flag) }),
      );
    },
  );

  test("every missing flag is named at once", () => {
    expect(() => requireAnswers("guided", { executor: "ana" })).toThrow(
      /--backup-id <id>, --window <text>, --notice <text>, --yes, --signed-off-by <name>/,
    );
  });

  test("with every answer nothing is refused", () => {
    expect(() => requireAnswers("enterprise", everything)).not.toThrow();
    expect(() => requireAnswers("quick", { executor: "ana", backup: "b" })).not.toThrow();
  });
});

describe("two persons", () => {
  test.each(["ana", "ANA", "  ana "])("an approver %j is not other than executor ana", (approver) => {
    expect(() => requireAnswers("enterprise", { ...everything, approver })).toThrow(
      expect.objectContaining({ code: "APPROVAL_REFUSED" }),
    );
  });

  test("one person's name with its accent in one character or in two is one name", () => {
    expect(objection("enterprise", { executor: "Jos\u00e9", approver: "jose\u0301" })).not.toBeNull();
  });

  test("the second sign-off is another person's than the first", () => {
    expect(() => requireAnswers("enterprise", { ...everything, secondSignOffBy: "Ana" })).toThrow(
      expect.objectContaining({ code: "APPROVAL_REFUSED" }),
    );
  });

  test("the other modes leave that to the team", () => {
    expect(objection("guided", { ...everything, approver: "ana" })).toBeNull();
  });
});

describe("asking", () => {
  const answering = (given: Readonly<Record<string, string | undefined>>) => {
    const asked: string[] = [];
    const ask: Ask = async ({ name }) => {
      asked.push(name);
      return given[name];
    };
    return { ask, asked };
  };

  test("asks in order, and only what has no answer yet", async () => {
    const { ask, asked } = answering({ window: "now", notice: "all", goAhead: "yes" });
    const answers = await askFor("guided", { executor: "ana", backup: "b" }, "before", ask);
    expect(asked).toEqual(["window", "notice", "goAhead"]);
    expect(answers).toEqual({ executor: "ana", backup: "b", window: "now", notice: "all", goAhead: true });
  });

  test("whoever would rather stop is asked nothing more", async () => {
    const { ask, asked } = answering({ backup: "b" });
    expect(await askFor("guided", { executor: "ana" }, "before", ask)).toBeUndefined();
    expect(asked).toEqual(["backup", "window"]);
  });

  test("a plan that may not run does not", async () => {
    const { ask } = answering({ goAhead: "no" });
    const { goAhead: _, ...answers } = everything;
    expect(await askFor("guided", answers, "before", ask)).toBeUndefined();
  });

  test("an approver who deploys is refused as soon as named", async () => {
    const { ask, asked } = answering({ approver: "ana", watch: "5" });
    const answers = { executor: "ana", backup: "b", ticket: "t" };
    await expect(askFor("enterprise", answers, "before", ask)).rejects.toMatchObject({
      code: "APPROVAL_REFUSED",
    });
    expect(asked).toEqual(["approver"]);
  });
});

test("whoever is asked hears what is wrong with an answer, and can give another", async () => {
  const refused: (string | null)[] = [];
  const said: Readonly<Record<string, readonly string[]>> = {
    approver: [" ", "ANA", "Bruno"],
    window: ["now"],
    notice: ["all"],
    watch: ["soon", "5"],
    goAhead: ["yes"],
  };
  const ask: Ask = async ({ name }, _, refuse) =>
    said[name]?.find((text) => {
      const why = refuse(text);
      refused.push(why);
      return why === null;
    });
  const known = { executor: "ana", backup: "b", ticket: "t" };
  expect(await askFor("enterprise", known, "before", ask)).toEqual({
    ...known,
    approver: "Bruno",
    window: "now",
    notice: "all",
    watch: 300,
    goAhead: true,
  });
  expect(refused).toEqual([
    "An answer is needed; Ctrl-C stops.",
    "ana deploys, so somebody else has to approve it",
    null,
    null,
    null,
    '"soon" is not a number of minutes',
    null,
    null,
  ]);
});

test("a watch is given in minutes and kept in seconds", () => {
  expect(parseWatch("15")).toBe(900);
  expect(parseWatch("0.5")).toBe(30);
  for (const wrong of ["", "0", "-1", "soon", "1e3", "1441"]) {
    expect(() => parseWatch(wrong), wrong).toThrow(expect.objectContaining({ code: "USAGE" }));
  }
});
