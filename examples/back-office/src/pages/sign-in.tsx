import { Hono } from "hono";
import { formOf } from "../forms.ts";
import { page } from "../layout.tsx";
import { people, personOf } from "../people.ts";
import { type Env, goTo, signIn, signOut } from "../session.ts";

/** Signing in without a password, which stands for a real sign-in, and out. */
export const signInPages = () =>
  new Hono<Env>()
    .get("/sign-in", (c) =>
      page(
        c,
        { title: "Sign in" },
        <>
          <h1>Who is at work?</h1>
          <p class="lead">
            Each of the two sees their own tasks, leads, posts and money, and nothing of the other's. An
            application has a real sign-in here.
          </p>
          <ul class="people">
            {people.map(({ id, name, work }) => (
              <li>
                <form method="post" action="/sign-in">
                  <input type="hidden" name="person" value={id} />
                  <button type="submit" class="person">
                    <span class="avatar" aria-hidden="true">
                      {name.slice(0, 1)}
                    </span>
                    <span>
                      <strong>{name}</strong>
                      <span class="muted">{work}</span>
                    </span>
                  </button>
                </form>
              </li>
            ))}
          </ul>
        </>,
      ),
    )
    .post("/sign-in", async (c) => {
      const person = personOf((await formOf(c, ["person"])).person);
      if (person === undefined)
        return goTo(c, "/sign-in", { kind: "problem", text: "Please choose one of the two." });
      await signIn(c, person);
      return goTo(c, "/");
    })
    .post("/sign-out", (c) => {
      signOut(c);
      return goTo(c, "/sign-in");
    });
