import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { feedback } from "../api/feedback";
import type { Language } from "../api/types";
import classes from "./article.module.css";

/** Articles about the same. Nothing is drawn where there are none, and it never delays the article. */
export function Related({ id, lang }: { id: string; lang: Language }) {
  const { t } = useTranslation();
  const list = useQuery({
    queryKey: ["articles", "related", id, lang],
    queryFn: () => feedback.related(id, lang),
    staleTime: 60_000,
  });
  if (!list.data?.length) return null;
  return (
    <nav className={classes.related} aria-labelledby="related">
      <h2 id="related">{t("knowledge.related")}</h2>
      <ul>
        {list.data.map((a) => (
          <li key={a.id}>
            <Link
              to="/articles/$article"
              params={{ article: a.id }}
              search={{ lang: a.lang }}
              lang={a.lang}
            >
              {a.title}
            </Link>
            {a.summary && <p lang={a.lang}>{a.summary}</p>}
          </li>
        ))}
      </ul>
    </nav>
  );
}
