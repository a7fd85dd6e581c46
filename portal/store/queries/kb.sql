-- name: LockKnowledge :exec
-- One writer of a tenant's articles at a time: the statistics of terms are
-- updated by every write, and two in parallel would meet in a deadlock.
select pg_advisory_xact_lock(hashtextextended(current_setting('conserje.tenant'), 7));

-- name: ArticleVersions :many
select a.id, a.key, a.audience, v.lang, v.hash
from articles a left join article_versions v on v.tenant_id = a.tenant_id and v.article_id = a.id
where a.key = any (sqlc.arg(keys)::text[]);

-- name: SaveArticle :one
insert into articles (tenant_id, id, key, audience)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(key), sqlc.arg(audience))
on conflict (tenant_id, key) do update set audience = excluded.audience, changes = articles.changes + 1,
  settings_change = case when articles.audience is distinct from excluded.audience then articles.changes + 1 else articles.settings_change end,
  updated_at = now()
returning id, no, changes;

-- name: SaveArticleVersion :exec
-- The text that readers see, and its place in the history.
with revision as (
  insert into article_revisions (tenant_id, article_id, lang, change, title, summary, markdown, origin, author)
  values (sqlc.arg(tenant_id), sqlc.arg(article_id), sqlc.arg(lang), sqlc.arg(change), sqlc.arg(title), sqlc.arg(summary),
    sqlc.arg(markdown), sqlc.arg(origin), sqlc.narg(author))
)
insert into article_versions (tenant_id, article_id, lang, title, summary, markdown, source, hash, change, author)
values (sqlc.arg(tenant_id), sqlc.arg(article_id), sqlc.arg(lang), sqlc.arg(title), sqlc.arg(summary),
  sqlc.arg(markdown), sqlc.arg(source), sqlc.arg(hash), sqlc.arg(change), sqlc.narg(author))
on conflict (tenant_id, article_id, lang) do update set title = excluded.title, summary = excluded.summary,
  markdown = excluded.markdown, source = excluded.source, hash = excluded.hash, change = excluded.change, author = excluded.author,
  updated_at = now();

-- name: DeleteChunks :exec
delete from chunks where article_id = sqlc.arg(article_id) and lang = sqlc.arg(lang);

-- name: DeleteArticle :one
delete from articles where id = sqlc.arg(id) returning key;

-- name: CountVersions :exec
update articles a set versions = (select count(*) from article_versions v where v.tenant_id = a.tenant_id and v.article_id = a.id)
where a.id = any (sqlc.arg(ids)::uuid[]);

-- name: MoveAudience :exec
-- What a search filters by is repeated beside the postings and the vectors.
with c as (
  update chunks set audience = sqlc.narg(audience)
  where article_id = any (sqlc.arg(articles)::uuid[]) and audience is distinct from sqlc.narg(audience)
  returning tenant_id, no, article_no, lang, terms
), p as (
  update postings set audience = sqlc.narg(audience)
  from (select tenant_id, no, lang, unnest(terms) as term from c) t
  where postings.tenant_id = t.tenant_id and postings.term = t.term and postings.lang = t.lang and postings.chunk_no = t.no
)
update chunk_vectors set audience = sqlc.narg(audience)
from c where chunk_vectors.tenant_id = c.tenant_id and chunk_vectors.chunk_no = c.no;

-- name: ReadArticle :many
select a.id, a.key, a.audience, a.category, v.lang, v.title, v.summary, v.markdown, v.change, v.updated_at
from articles a join article_versions v on v.tenant_id = a.tenant_id and v.article_id = a.id
where a.id = sqlc.arg(id)
  and (sqlc.arg(staff)::boolean or a.audience is null or a.audience = sqlc.narg(company));

-- name: ListArticles :many
select a.id, a.key, a.audience, array_agg(v.lang order by v.lang)::text[] as langs, max(v.updated_at)::timestamptz as updated_at,
  (array_agg(v.lang order by (v.lang = sqlc.arg(lang)) desc, (v.lang = 'en') desc, v.lang))[1]::text as lang,
  (array_agg(v.title order by (v.lang = sqlc.arg(lang)) desc, (v.lang = 'en') desc, v.lang))[1]::text as title,
  (array_agg(v.summary order by (v.lang = sqlc.arg(lang)) desc, (v.lang = 'en') desc, v.lang))[1]::text as summary
from articles a join article_versions v on v.tenant_id = a.tenant_id and v.article_id = a.id
where (sqlc.arg(staff)::boolean or a.audience is null or a.audience = sqlc.narg(company)) and a.key > sqlc.arg(after)
  and (sqlc.narg(category)::uuid is null or a.category = sqlc.narg(category))
group by a.tenant_id, a.id order by a.key limit sqlc.arg(at_most);

-- name: ArticleKeys :many
select key, id from articles where key = any (sqlc.arg(keys)::text[]) and versions > 0
  and (sqlc.arg(staff)::boolean or audience is null or audience = sqlc.narg(company));

-- name: EmbeddingModels :many
select id, name, dimensions, state from embedding_models order by created_at;

-- name: AddEmbeddingModel :exec
insert into embedding_models (tenant_id, id, name, dimensions, state)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(name), sqlc.arg(dimensions), sqlc.arg(state))
on conflict do nothing;

-- name: DropEmbeddingModel :exec
delete from embedding_models where id = sqlc.arg(id);

-- name: PromoteEmbeddingModel :exec
update embedding_models set state = 'serving' where id = sqlc.arg(id);

-- name: ChunksWithoutVector :many
select c.no, c.title, c.path, v.summary, c.body
from chunks c join article_versions v on v.tenant_id = c.tenant_id and v.article_id = c.article_id and v.lang = c.lang
where not exists (select 1 from chunk_vectors e where e.tenant_id = c.tenant_id and e.chunk_no = c.no and e.model_id = sqlc.arg(model_id))
order by c.no limit sqlc.arg(at_most);

-- name: CountChunks :one
select coalesce(sum(chunks), 0)::bigint from language_stats;

-- name: LiveArticle :one
-- Whether the reader may read the article in a language, and one that was published in it as this change.
select exists (select 1 from articles a join article_versions v on v.tenant_id = a.tenant_id and v.article_id = a.id
  join article_revisions r on r.tenant_id = v.tenant_id and r.article_id = v.article_id and r.lang = v.lang and r.change = sqlc.arg(change)
  where a.id = sqlc.arg(id) and v.lang = sqlc.arg(lang)
    and (sqlc.arg(staff)::boolean or a.audience is null or a.audience = sqlc.narg(company)));
