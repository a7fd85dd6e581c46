import { api, ok } from "./client";
import { by } from "./page";
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
