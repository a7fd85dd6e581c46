-- +goose Up
-- What an article's readers see stays in article_versions. What is being
-- written stands apart, in article_drafts, so that no search, no answer and no
-- reader can meet it before it is published.
--
-- changes counts what happened to an article; each text and the settings
-- remember the number of their last change, which is their ETag: it never
-- comes back, even when a draft is thrown away and begun anew.
alter table articles
  add column changes bigint not null default 1,
  add column settings_change bigint not null default 1,
  add column category uuid,
  add column review_on date;
alter table article_versions
  add column change bigint not null default 1,
  add column author uuid;

create table categories (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  position   integer not null,
  change     bigint not null default 1,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select conserje_protect('categories');

create table category_names (
  tenant_id   uuid not null,
  category_id uuid not null,
  lang        text not null,
  name        text not null check (name <> ''),
  primary key (tenant_id, category_id, lang),
  foreign key (tenant_id, category_id) references categories on delete cascade
);
select conserje_protect('category_names');

alter table articles add foreign key (tenant_id, category) references categories on delete set null (category);
create index articles_category on articles (tenant_id, category) where category is not null;
create index articles_review on articles (tenant_id, review_on) where review_on is not null;
alter table article_versions add foreign key (tenant_id, author) references users on delete set null (author);

-- base is the change of the live text that the draft began from; null when
-- there was none.
create table article_drafts (
  tenant_id  uuid not null,
  article_id uuid not null,
  lang       text not null,
  title      text not null,
  summary    text not null default '',
  markdown   text not null,
  source     text not null default '',
  change     bigint not null,
  base       bigint,
  author     uuid,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, article_id, lang),
  foreign key (tenant_id, article_id) references articles on delete cascade,
  foreign key (tenant_id, author) references users on delete set null (author)
);
select conserje_protect('article_drafts');

-- Both, for lists of staff.
create view article_texts with (security_invoker = true) as
  select tenant_id, article_id, lang, title, true as live from article_versions
  union all select tenant_id, article_id, lang, title, false from article_drafts;
grant select on article_texts to conserje_app;

-- Every text that was ever live, by the change that made it so.
create table article_revisions (
  tenant_id  uuid not null,
  article_id uuid not null,
  lang       text not null,
  change     bigint not null,
  title      text not null,
  summary    text not null,
  markdown   text not null,
  origin     text not null check (origin in ('edited', 'imported', 'synced')),
  author     uuid,
  at         timestamptz not null default now(),
  primary key (tenant_id, article_id, lang, change),
  foreign key (tenant_id, article_id) references articles on delete cascade,
  foreign key (tenant_id, author) references users on delete set null (author)
);
select conserje_protect('article_revisions');

-- What is live is the first revision. Whoever migrates owns the tables, and
-- under the forced policies sees no row.
alter table article_versions no force row level security;
alter table article_revisions no force row level security;
insert into article_revisions (tenant_id, article_id, lang, change, title, summary, markdown, origin, at)
select tenant_id, article_id, lang, change, title, summary, markdown, 'imported', updated_at from article_versions;
alter table article_versions force row level security;
alter table article_revisions force row level security;
