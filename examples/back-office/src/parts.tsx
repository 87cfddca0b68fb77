import type { Child, FC, PropsWithChildren } from "hono/jsx";
import type { Faults } from "./forms.ts";

/** What the fields of a form have in common: its label, and what is wrong beside it. */
export const Field: FC<
  PropsWithChildren<{ name: string; label: string; hint?: string; faults: Faults; wide?: boolean }>
> = ({ name, label, hint, faults, wide, children }) => (
  <div class={wide ? "field wide" : "field"}>
    <label for={name}>{label}</label>
    {hint && (
      <p class="hint" id={`${name}-hint`}>
        {hint}
      </p>
    )}
    {children}
    {faults[name] && (
      <p class="fault" id={`${name}-fault`}>
        {faults[name]}
      </p>
    )}
  </div>
);

/** What ties a control to the label, hint and fault of its field. */
export function tied(name: string, faults: Faults, hint = false) {
  const described = [hint ? `${name}-hint` : "", faults[name] ? `${name}-fault` : ""]
    .filter(Boolean)
    .join(" ");
  return {
    id: name,
    name,
    ...(faults[name] ? { "aria-invalid": "true" as const } : {}),
    ...(described === "" ? {} : { "aria-describedby": described }),
  };
}

export const Choice: FC<{
  name: string;
  names: Readonly<Record<string, string>>;
  chosen: string;
  faults: Faults;
}> = ({ name, names, chosen, faults }) => (
  <select {...tied(name, faults)}>
    {Object.entries(names).map(([value, text]) => (
      <option value={value} selected={value === chosen}>
        {text}
      </option>
    ))}
  </select>
);

/** A button that does one thing to one row. */
export const Act: FC<PropsWithChildren<{ to: string; about: string; quiet?: boolean }>> = ({
  to,
  about,
  quiet,
  children,
}) => (
  <form method="post" action={to}>
    <button type="submit" class={quiet ? "small quiet" : "small"}>
      {children}
      <span class="unseen"> {about}</span>
    </button>
  </form>
);

/** Where a list goes on, and back to where it began. */
export const Pager: FC<{ path: string; next: string | null; first: boolean; of: string }> = ({
  path,
  next,
  first,
  of,
}) =>
  next === null && first ? null : (
    <nav class="pager" aria-label={`Pages of ${of}`}>
      {first ? <span /> : <a href={path}>« First page</a>}
      {next === null ? (
        <span class="muted">That is all.</span>
      ) : (
        <a href={`${path}?after=${encodeURIComponent(next)}`} rel="next">
          Next page »
        </a>
      )}
    </nav>
  );

/** What stands in the place of a list that is empty. */
export const Nothing: FC<PropsWithChildren> = ({ children }) => <p class="nothing">{children}</p>;

export const Figure: FC<{ label: string; value: Child; note?: Child; href?: string }> = ({
  label,
  value,
  note,
  href,
}) => (
  <div class="figure">
    <dt>{href ? <a href={href}>{label}</a> : label}</dt>
    <dd>
      <strong>{value}</strong>
      {note && <span class="muted">{note}</span>}
    </dd>
  </div>
);
