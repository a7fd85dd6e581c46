import { api, ok } from "./client";
import { by } from "./page";
import { Problem } from "./problem";
import type { components } from "./schema";

export type Attachment = components["schemas"]["Attachment"];

export const files = {
  async send(file: File) {
    const form = new FormData();
    form.append("file", file);
    return ok(
      api.POST("/api/v1/files", { body: { file: "" }, bodySerializer: () => form }),
    ) as Promise<Attachment>;
  },
  remove: (id: string) => ok(api.DELETE("/api/v1/files/{id}", { params: by(id) })),
};

/** Where a file is downloaded, and where a picture stands as large as a page needs it. */
export const fileURL = (id: string) => `/api/v1/files/${id}`;
export const pictureURL = (id: string) => `/api/v1/files/${id}/picture`;

export const idsOf = (list: Attachment[]) => (list.length ? list.map((a) => a.id) : undefined);

/**
 * Refuses files that are more than an address takes, before they are sent in vain: a line that the
 * server cuts looks like a broken one.
 */
export function mustFit(list: File[], max: number) {
  const around = 1024; // each stands in a part of its own
  const size = list.reduce((sum, f) => sum + f.size + around, 0);
  if (size > max) throw new Problem("too_large", 413, { max });
}
