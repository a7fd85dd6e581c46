-- name: DueSources :many
select d.tenant_id::uuid as tenant_id, d.id::uuid as id from conserje_due_sources(sqlc.arg(at_most)) as d;

-- name: AddSource :execrows
insert into kb_sources (tenant_id, id, url, kind, prefix, audience, category, lang, every_hours, created_by, next_sync_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(url), sqlc.arg(kind), sqlc.arg(prefix), sqlc.narg(audience), sqlc.narg(category),
  sqlc.arg(lang), sqlc.arg(every_hours), sqlc.narg(created_by), now() + interval '10 minutes')
on conflict (tenant_id, url) do nothing;

-- name: Sources :many
select s.id, s.url, s.kind, s.prefix, s.audience, s.category, s.lang, s.every_hours, s.state, s.code, s.params, s.synced_at, s.next_sync_at, s.created_at,
  count(p.id) filter (where p.state = 'ok' and not p.detached) as pages_ok,
  count(p.id) filter (where p.state = 'failed' and not p.detached) as pages_failed,
  count(p.id) filter (where p.state = 'gone' and not p.detached) as pages_gone,
  count(p.id) filter (where p.detached) as pages_detached
from kb_sources s left join kb_source_pages p on p.tenant_id = s.tenant_id and p.source_id = s.id
where sqlc.narg(one)::uuid is null or s.id = sqlc.narg(one)
group by s.tenant_id, s.id order by s.url;

-- name: BeginSync :one
-- Whoever begins has twenty minutes before another may.
update kb_sources set state = 'syncing', next_sync_at = now() + interval '20 minutes' where id = sqlc.arg(id)
returning id, url, kind, prefix, audience, category, lang, every_hours;

-- name: EndSync :exec
update kb_sources set state = sqlc.arg(state), code = sqlc.arg(code), params = sqlc.arg(params), synced_at = now(),
  next_sync_at = now() + make_interval(hours => every_hours)
where id = sqlc.arg(id);

-- name: DeleteSource :one
delete from kb_sources where id = sqlc.arg(id) returning url;

-- name: SourcePages :many
-- title is that of the text as it stands.
select p.id, p.url, p.article_id, p.lang, p.state, p.detached, p.code, p.params, p.etag, p.last_modified, p.hash, p.synced_at,
  coalesce(v.title, d.title, '')::text as title, v.hash as live_hash
from kb_source_pages p
left join article_versions v on v.tenant_id = p.tenant_id and v.article_id = p.article_id and v.lang = p.lang
left join article_drafts d on d.tenant_id = p.tenant_id and d.article_id = p.article_id and d.lang = p.lang
where p.source_id = sqlc.arg(source_id) order by p.url;

-- name: HoldSourcePage :one
-- The page as it is now, for whoever is about to write what came of it. The source is held too: nobody removes it meanwhile.
select p.id, p.article_id, p.lang, p.detached
from kb_sources s left join kb_source_pages p on p.tenant_id = s.tenant_id and p.source_id = s.id and p.url = sqlc.arg(url)
where s.id = sqlc.arg(source_id) for update of s;

-- name: SaveSourcePage :exec
insert into kb_source_pages (tenant_id, id, source_id, url, article_id, lang, state, code, params, etag, last_modified, hash)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(source_id), sqlc.arg(url), sqlc.narg(article_id), sqlc.narg(lang), sqlc.arg(state), sqlc.arg(code),
  sqlc.arg(params), sqlc.arg(etag), sqlc.arg(last_modified), sqlc.narg(hash))
on conflict (tenant_id, source_id, url) do update set article_id = excluded.article_id, lang = excluded.lang, state = excluded.state,
  code = excluded.code, params = excluded.params, etag = excluded.etag, last_modified = excluded.last_modified, hash = excluded.hash, synced_at = now();

-- name: FailSourcePage :exec
-- What it was before stays; an answer that is asked for next time is a whole one.
insert into kb_source_pages (tenant_id, id, source_id, url, state, code, params)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(source_id), sqlc.arg(url), 'failed', sqlc.arg(code), sqlc.arg(params))
on conflict (tenant_id, source_id, url) do update set state = 'failed', code = excluded.code, params = excluded.params,
  etag = '', last_modified = '', hash = null, synced_at = now();

-- name: TouchSourcePage :exec
update kb_source_pages set state = 'ok', code = '', params = '{}', etag = sqlc.arg(etag), last_modified = sqlc.arg(last_modified), synced_at = now()
where id = sqlc.arg(id);

-- name: DetachPages :execrows
update kb_source_pages set detached = true where article_id = sqlc.arg(article_id)::uuid and (sqlc.arg(lang)::text = '' or lang = sqlc.arg(lang)) and not detached;

-- name: SourcesOfArticle :many
select p.source_id, p.url, p.lang, p.state, p.detached, p.synced_at from kb_source_pages p where p.article_id = sqlc.arg(article_id)::uuid and p.lang is not null;

-- name: DropSyncedDraft :exec
-- What a page was before it was gone for a while; a draft that a person wrote stays.
delete from article_drafts where article_id = sqlc.arg(article_id) and lang = sqlc.arg(lang) and source = sqlc.arg(source) and author is null;
