import {
  automationActions,
  automationLogStatuses,
  automationLogs,
  automationPermissions,
} from "../schema/index.ts";
import { type Fill, fill, type Ground, zoned } from "./tables.ts";

/** Fills of the automation tables. */
export function fillAutomation(ground: Ground): Fill[] {
  return [
    fill(ground, {
      table: automationPermissions,
      rows: { each: 1 },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        enabled: row.unless("enabled", 0.2, row.chance("on", 0.4)),
        requireConfirmation: row.unless("confirm", 0.2, row.chance("confirms", 0.9)),
        allowedDomains: row.unless(
          "allowed",
          0.2,
          `case when ${row.chance("lists", 0.5)} then array['*.receita.example.test', 'banco.example.test'] else '{}' end`,
        ),
        maxActionsPerHour: row.unless("limit", 0.2, row.integer("actions", 10, 500)),
        blockedDomains: row.unless("blocked", 0.2, "array['*.bank.*', '*.gov.*', 'login.*']"),
        allowNavigation: row.unless("navigation", 0.2, row.chance("navigating", 0.9)),
        allowTyping: row.unless("typing", 0.2, row.chance("types", 0.1)),
        allowClicks: row.unless("clicks", 0.2, row.chance("clicking", 0.2)),
        createdAt: zoned(row.daysAgo("created", "300")),
        updatedAt: zoned(row.daysAgo("updated", row.integer("age", 1, 299))),
      }),
    }),
    fill(ground, {
      table: automationLogs,
      rows: { skewed: 200_000 },
      columns: (row) => {
        const action = row.pick("action", automationActions);
        const status = row.pick("status", automationLogStatuses);
        return {
          id: row.id,
          userId: row.userId,
          actionType: action,
          targetUrl: row.unless("url", 0.2, "'https://portal.example.test/pagina/' || i % 50"),
          selector: `case when ${action} in ('click', 'fill', 'select') then '#campo-' || i % 20 end`,
          value: `case when ${action} = 'fill' then 'texto' end`,
          status,
          errorMessage: `case when ${status} = 'error' then 'Elemento não encontrado' end`,
          screenshotPath: `case when ${action} = 'screenshot' then 'users/' || u || '/shots/' || i || '.png' end`,
          durationMs: row.unless("duration", 0.1, row.integer("ms", 20, 15_000)),
          createdAt: zoned(row.arrival(150)),
        };
      },
    }),
  ];
}
