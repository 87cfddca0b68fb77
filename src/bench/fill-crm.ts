import {
  ataChannels,
  ataTypes,
  customTemplates,
  fileCategories,
  maxFileBytes,
  sentAtas,
  userFiles,
} from "../schema/index.ts";
import { type Fill, fill, type Ground, zoned } from "./tables.ts";

/**
 * The share of users who have several default templates of one type: two for `reuniao`; every second of these users
 * also has three for `investimentos`.
 */
export const shareWithDuplicateTemplates = 1 / 5;

/** Fills of the tables about the minutes (atas) that a user sends to clients, and of the user's files. */
export function fillCrm(ground: Ground): Fill[] {
  return [
    fill(ground, {
      table: sentAtas,
      rows: { skewed: 100_000 },
      columns: (row) => {
        const channel = row.pick("channel", ataChannels);
        const sentAt = row.arrival(365);
        return {
          id: row.id,
          userId: row.userId,
          clientId: row.unless(
            "client",
            0.1,
            row.idOf("clients", `u * 100 + ${row.integer("which", 0, 29)}`),
          ),
          clientName: row.pick("name", ["João Pereira", "Márcia Conceição", "Luís Araújo", "Inês Gusmão"]),
          type: row.pick("type", ataTypes),
          channel,
          content: "'Pauta: revisão da carteira. Próximos passos: enviar o relatório de abril.'",
          recipient: `case when ${channel} = 'email' then 'cliente' || i || '@example.test' else '+55 11 9' || (50000000 + i) end`,
          subject: `case when ${channel} = 'email' then 'Ata da reunião' end`,
          sentAt: zoned(sentAt),
          createdAt: zoned(sentAt),
        };
      },
    }),
    fill(ground, {
      table: customTemplates,
      rows: { each: 5 },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        type: "case when k < 2 then 'reuniao' else 'investimentos' end",
        name: "'Modelo ' || (1 + k)",
        content: "'Olá, {{cliente}}! Segue o resumo da nossa conversa.'",
        isDefault:
          "case when k in (0, 2) then true when k = 1 then u % 5 = 0 when u % 10 = 0 then true when k = 4 then false end",
        createdAt: zoned(row.daysAgo("created", row.integer("age", 10, 400))),
        updatedAt: zoned(row.daysAgo("updated", row.integer("edited", 1, 9))),
      }),
    }),
    fill(ground, {
      table: userFiles,
      rows: { skewed: 50_000 },
      columns: (row) => ({
        id: row.id,
        userId: row.userId,
        name: `${row.pick("name", ["Extrato", "Relatório", "Apólice", "Informe de rendimentos"])} || ' ' || i || '.pdf'`,
        category: row.pick("category", fileCategories),
        storagePath: "'users/' || u || '/files/' || i || '.pdf'",
        sizeBytes: row.integer("size", 1, maxFileBytes),
        mimeType: "'application/pdf'",
        isFavorite: row.unless("favourite", 0.05, row.chance("starred", 0.1)),
        createdAt: zoned(row.arrival(500)),
      }),
    }),
  ];
}
