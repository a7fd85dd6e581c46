-- +goose Up
-- Addresses on the web whose pages are articles. A source is one page, or a
-- list of pages (a sitemap, a page of links) of which those under a prefix are
-- taken. next_sync_at is when it is looked at again; while it is looked at, it
-- stands some time ahead, so that one whose node died is taken up by another.
create table kb_sources (
  tenant_id    uuid not null references tenants on delete cascade,
  id           uuid not null,
  url          text not null check (url <> ''),
  kind         text not null check (kind in ('page', 'list')),
  prefix       text not null,
  audience     uuid,
  category     uuid,
  lang         text not null,
  every_hours  integer not null check (every_hours between 1 and 720),
  state        text not null default 'new' check (state in ('new', 'syncing', 'ok', 'partly', 'failed')),
  code         text not null default '',
  params       jsonb not null default '{}',
  synced_at    timestamptz,
  next_sync_at timestamptz not null default now(),
  created_by   uuid,
  created_at   timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, url),
  foreign key (tenant_id, audience) references companies on delete cascade,
  foreign key (tenant_id, category) references categories on delete set null (category),
  foreign key (tenant_id, created_by) references users on delete set null (created_by)
);
create index kb_sources_due on kb_sources (next_sync_at);
select conserje_protect('kb_sources');

-- A page and the text that it became. Whoever edits that text by hand detaches
-- it: it is theirs from then on, and no change of the page overwrites it.
create table kb_source_pages (
  tenant_id     uuid not null,
  id            uuid not null,
  source_id     uuid not null,
  url           text not null check (url <> ''),
  article_id    uuid,
  lang          text,
  state         text not null default 'failed' check (state in ('ok', 'failed', 'gone')),
  detached      boolean not null default false,
  code          text not null default '',
  params        jsonb not null default '{}',
  etag          text not null default '',
  last_modified text not null default '',
  hash          bytea,
  synced_at     timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, source_id, url),
  foreign key (tenant_id, source_id) references kb_sources on delete cascade,
  foreign key (tenant_id, article_id) references articles on delete set null (article_id)
);
create index kb_source_pages_article on kb_source_pages (tenant_id, article_id) where article_id is not null;
select conserje_protect('kb_source_pages');

-- Sources of all tenants whose time has come: ids only.
grant select (tenant_id, id, next_sync_at) on kb_sources to conserje_lookup;
create policy lookup on kb_sources for select to conserje_lookup using (true);
create function conserje_due_sources(at_most integer) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$ select s.tenant_id, s.id from kb_sources s where s.next_sync_at < now() order by s.next_sync_at limit at_most $$;
grant create on schema public to conserje_lookup;
alter function conserje_due_sources(integer) owner to conserje_lookup;
revoke create on schema public from conserje_lookup;
revoke all on function conserje_due_sources(integer) from public;
grant execute on function conserje_due_sources(integer) to conserje_app;
