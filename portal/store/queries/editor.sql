-- name: ArticleRow :one
select id, no, key, audience, category, review_on, changes, settings_change, created_at, updated_at from articles where id = sqlc.arg(id);

-- name: LockArticle :one
select id, no, key, audience, category, review_on, changes, settings_change, created_at, updated_at from articles where id = sqlc.arg(id) for update;

-- name: CreateArticle :one
insert into articles (tenant_id, id, key, audience, category, review_on)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(key), sqlc.narg(audience), sqlc.narg(category), sqlc.narg(review_on))
on conflict (tenant_id, key) do nothing
returning id, no, key, changes;

-- name: ArticleChanges :one
update articles set changes = changes + 1, updated_at = now() where id = sqlc.arg(id) returning changes;

-- name: SetArticle :exec
update articles set audience = sqlc.narg(audience), category = sqlc.narg(category), review_on = sqlc.narg(review_on),
  settings_change = changes where id = sqlc.arg(id);

-- name: LiveTexts :many
select v.lang, v.title, v.summary, v.markdown, v.change, v.updated_at, coalesce(u.name, '')::text as author
from article_versions v left join users u on u.tenant_id = v.tenant_id and u.id = v.author
where v.article_id = sqlc.arg(article_id);

-- name: DraftTexts :many
select d.lang, d.title, d.summary, d.markdown, d.source, d.change, d.base, d.updated_at, coalesce(u.name, '')::text as author
from article_drafts d left join users u on u.tenant_id = d.tenant_id and u.id = d.author
where d.article_id = sqlc.arg(article_id);

-- name: SaveDraft :exec
insert into article_drafts (tenant_id, article_id, lang, title, summary, markdown, source, change, base, author)
values (sqlc.arg(tenant_id), sqlc.arg(article_id), sqlc.arg(lang), sqlc.arg(title), sqlc.arg(summary), sqlc.arg(markdown),
  sqlc.arg(source), sqlc.arg(change), sqlc.narg(base), sqlc.narg(author))
on conflict (tenant_id, article_id, lang) do update set title = excluded.title, summary = excluded.summary, markdown = excluded.markdown,
  source = excluded.source, change = excluded.change, base = excluded.base, author = excluded.author, updated_at = now();

-- name: DeleteDraft :execrows
delete from article_drafts where article_id = sqlc.arg(article_id) and lang = sqlc.arg(lang);

-- name: DeleteVersion :execrows
delete from article_versions where article_id = sqlc.arg(article_id) and lang = sqlc.arg(lang);

-- name: Revisions :many
select r.change, r.title, r.origin, r.at, coalesce(u.name, '')::text as author
from article_revisions r left join users u on u.tenant_id = r.tenant_id and u.id = r.author
where r.article_id = sqlc.arg(article_id) and r.lang = sqlc.arg(lang) order by r.change desc limit 200;

-- name: Revision :one
select r.change, r.title, r.summary, r.markdown, r.origin, r.at, coalesce(u.name, '')::text as author
from article_revisions r left join users u on u.tenant_id = r.tenant_id and u.id = r.author
where r.article_id = sqlc.arg(article_id) and r.lang = sqlc.arg(lang) and r.change = sqlc.arg(change);

-- name: EditorList :many
-- All articles, drafts too. The title is that of the reader's language, else of English, else of any; live before drafted.
select a.id, a.key, a.audience, a.category, a.review_on, a.updated_at,
  (array_agg(t.title order by (t.title <> '') desc, (t.lang = sqlc.arg(lang)) desc, (t.lang = 'en') desc, t.lang, t.live desc))[1]::text as title,
  coalesce(array_agg(distinct t.lang) filter (where t.live), '{}')::text[] as langs,
  coalesce(array_agg(distinct t.lang) filter (where not t.live), '{}')::text[] as drafts
from articles a join article_texts t on t.article_id = a.id
where a.key > sqlc.arg(after)
  and (sqlc.arg(state)::text = '' or sqlc.arg(state) = 'due' and a.review_on <= current_date
    or sqlc.arg(state) = 'draft' and exists (select 1 from article_drafts d where d.article_id = a.id))
  and (sqlc.narg(category)::uuid is null or a.category = sqlc.narg(category))
  and (sqlc.arg(words)::text = '' or strpos(lower(a.key), sqlc.arg(words)) > 0
    or exists (select 1 from article_texts x where x.article_id = a.id and strpos(lower(x.title), sqlc.arg(words)) > 0))
group by a.tenant_id, a.id order by a.key limit sqlc.arg(at_most);

-- name: EditorCounts :one
select (select count(distinct article_id) from article_drafts) as drafts,
  (select count(*) from articles where review_on <= current_date) as due;

-- name: Categories :many
select c.id, c.position, c.change, n.lang, n.name
from categories c left join category_names n on n.tenant_id = c.tenant_id and n.category_id = c.id
order by c.position, c.id, n.lang;

-- name: CategoriesOfReader :many
-- With how many articles of each the reader may see.
select c.id, (array_agg(n.name order by (n.lang = sqlc.arg(lang)) desc, (n.lang = 'en') desc, n.lang))[1]::text as name,
  (select count(*) from articles a where a.tenant_id = c.tenant_id and a.category = c.id and a.versions > 0
    and (sqlc.arg(staff)::boolean or a.audience is null or a.audience = sqlc.narg(company))) as articles
from categories c join category_names n on n.tenant_id = c.tenant_id and n.category_id = c.id
group by c.tenant_id, c.id order by c.position, c.id;

-- name: HasCategory :one
select exists (select 1 from categories where id = sqlc.arg(id));

-- name: AddCategory :exec
insert into categories (tenant_id, id, position)
select sqlc.arg(tenant_id), sqlc.arg(id), coalesce(max(position), 0) + 1 from categories;

-- name: ChangeCategory :one
update categories set change = change + 1 where id = sqlc.arg(id) returning change;

-- name: PlaceCategory :execrows
update categories set position = sqlc.arg(position) where id = sqlc.arg(id);

-- name: DeleteCategory :execrows
delete from categories where id = sqlc.arg(id);

-- name: ClearCategoryNames :exec
delete from category_names where category_id = sqlc.arg(category_id);

-- name: SaveCategoryName :exec
insert into category_names (tenant_id, category_id, lang, name)
values (sqlc.arg(tenant_id), sqlc.arg(category_id), sqlc.arg(lang), sqlc.arg(name));

-- name: CategoryName :one
select (array_agg(name order by (lang = sqlc.arg(lang)) desc, (lang = 'en') desc, lang))[1]::text as name
from category_names where category_id = sqlc.arg(category_id) group by category_id;
