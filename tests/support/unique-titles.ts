import { beforeAll } from "vitest";

type Task = { name: string; type: "test" | "suite"; tasks?: readonly Task[] };

/** The whole title of each test below a task. */
function titles(task: Task, above: readonly string[] = []): string[] {
  if (task.type === "test") return [[...above, task.name].join(" > ")];
  return (task.tasks ?? []).flatMap((one) =>
    titles(one, task.tasks === undefined ? above : [...above, task.name]),
  );
}

// A failure names its test by the title: two of one title in a file cannot be told apart.
// biome-ignore lint/correctness/noEmptyPattern: vitest wants the context taken apart
beforeAll(({}, file) => {
  const all = file.tasks.flatMap((task) => titles(task));
  const twice = all.filter((title, index) => all.indexOf(title) !== index);
  if (twice.length > 0) throw new Error(`more than one test is called ${JSON.stringify(twice[0])}`);
});
